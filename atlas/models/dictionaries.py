"""Dictionaries: sets of transcoders or sparse autoencoders for one model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.errors import ModelError
from atlas.models.coders import (
    Coder,
    CrossLayerCoder,
    Rows,
    Skip,
    SparseAutoencoder,
    Transcoder,
    moved,
)
from atlas.models.sites import Site
from atlas.models.zero_positions import ZERO_POSITIONS


@dataclass(frozen=True)
class Dictionary(ABC):
    """Coders for some layers of one model, all at the same pair of sites."""

    name: str
    feature_input: Site
    feature_output: Site
    model_name: str = field(default="", kw_only=True)  # the model it was trained on, if known
    zero_positions: int = field(default=ZERO_POSITIONS, kw_only=True)  # that have no features

    @property
    @abstractmethod
    def layer_numbers(self) -> tuple[int, ...]:
        """The layers that it has coders for, ascending."""

    @abstractmethod
    def coder(self, layer: int) -> Coder:
        """One layer's coder; ModelError if there is none."""

    @abstractmethod
    def to(
        self, device: torch.device, dtype: torch.dtype, matrices_stay: bool = False
    ) -> Dictionary:
        """The same dictionary on another device or in another dtype; see `moved`."""

    def skip(self, layer: int) -> Skip | None:
        """The linear path past one layer's features, where there is one."""
        return None

    def encode(self, layer: int, x: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row feature"]:
        """The activations of one layer's features for values at the input site."""
        return self.coder(layer).encode(x)

    def features(self, layer: int) -> int:
        """How many features a layer has."""
        return self.coder(layer).features

    def written_layers(self, layer: int) -> range:
        """The layers at whose output site the features of one layer write."""
        return range(layer, layer + self.coder(layer).reach)

    def writers(self, layer: int) -> tuple[int, ...]:
        """The layers whose features write at one layer's output site, ascending."""
        return tuple(each for each in self.layer_numbers if layer in self.written_layers(each))

    def write_vectors(
        self, layer: int, features: Rows = slice(None)
    ) -> Float[Tensor, "chosen d_model"]:
        """What features write per unit of activation, summed over the layers that they write to."""
        coder = self.coder(layer)
        total = coder.decoder(0, features)
        for after in range(1, coder.reach):
            total = total + coder.decoder(after, features)
        return total

    def reconstruct(
        self,
        layer: int,
        activations: Mapping[int, Float[Tensor, "*row _feature"]],
        x: Float[Tensor, "*row d_model"],
    ) -> Float[Tensor, "*row d_model"]:
        """The estimate of one layer's output, from the activations of all layers that write there.

        `x` is the value at this layer's input site, which a skip connection reads.
        """
        total = self.coder(layer).b_dec
        for source in self.writers(layer):
            total = activations[source] @ self.coder(source).decoder(layer - source) + total
        skip = self.skip(layer)
        return total if skip is None else total + skip.apply(x)


@dataclass(frozen=True)
class MlpDictionary(Dictionary, ABC):
    """A dictionary that stands for every MLP of a model: the kind that has exact graphs."""

    layers: tuple[Coder, ...]

    @property
    def layer_numbers(self) -> tuple[int, ...]:
        """All layers of the model."""
        return tuple(range(len(self.layers)))

    def coder(self, layer: int) -> Coder:
        """One layer's coder."""
        if not 0 <= layer < len(self.layers):
            raise _no_layer(self, layer)
        return self.layers[layer]

    def to(
        self, device: torch.device, dtype: torch.dtype, matrices_stay: bool = False
    ) -> MlpDictionary:
        """The same dictionary on another device or in another dtype; see `moved`."""
        layers = tuple(moved(coder, device, dtype, matrices_stay) for coder in self.layers)
        return replace(self, layers=layers)


@dataclass(frozen=True)
class TranscoderSet(MlpDictionary):
    """One transcoder for every layer of a model. Final."""

    layers: tuple[Transcoder, ...]

    def skip(self, layer: int) -> Skip | None:
        """The layer's skip connection, where its transcoder has one."""
        return self.layers[layer].skip


@dataclass(frozen=True)
class CrossLayerTranscoder(MlpDictionary):
    """Features that read at one layer and write at it and all later ones. Final."""

    layers: tuple[CrossLayerCoder, ...]

    def __post_init__(self) -> None:
        reaches = [coder.reach for coder in self.layers]
        count = len(reaches)
        if reaches != list(range(count, 0, -1)):
            raise ModelError(
                f"dictionary {self.name}",
                f"decoders from each of {count} layers to itself and all later ones",
                f"decoders to {reaches} layers",
            )

    def skip(self, layer: int) -> Skip | None:
        """The skip connection past one layer's MLP, where there is one."""
        return self.layers[layer].skip


@dataclass(frozen=True)
class SparseAutoencoderSet(Dictionary):
    """Sparse autoencoders for some layers of a model. Final."""

    layers: Mapping[int, SparseAutoencoder]

    @property
    def layer_numbers(self) -> tuple[int, ...]:
        """The layers that have an autoencoder."""
        return tuple(sorted(self.layers))

    def coder(self, layer: int) -> SparseAutoencoder:
        """One layer's autoencoder."""
        if layer not in self.layers:
            raise _no_layer(self, layer)
        return self.layers[layer]

    def to(
        self, device: torch.device, dtype: torch.dtype, matrices_stay: bool = False
    ) -> SparseAutoencoderSet:
        """The same dictionary on another device or in another dtype; see `moved`."""
        layers = {
            layer: moved(coder, device, dtype, matrices_stay)
            for layer, coder in self.layers.items()
        }
        return replace(self, layers=layers)


def _no_layer(dictionary: Dictionary, layer: int) -> ModelError:
    return ModelError(
        f"dictionary {dictionary.name}",
        f"one of its layers {list(dictionary.layer_numbers)}",
        f"layer {layer}",
    )
