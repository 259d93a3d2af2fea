"""Dictionaries: sets of transcoders or sparse autoencoders for one model.

A coder is one layer's encoder and decoder. Weights are stored one feature per row, so that the
row of a feature is its encoder or decoder vector.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.errors import ModelError
from atlas.models.activation_functions import ActivationFunction, JumpReLU
from atlas.models.sites import Site


@dataclass(frozen=True)
class Coder(ABC):
    """One layer's encoder and decoder: a = activation(W_enc x + b_enc), y = a W_dec + b_dec."""

    W_enc: Float[Tensor, "feature d_model"]
    b_enc: Float[Tensor, " feature"]
    W_dec: Float[Tensor, "feature d_model"]
    b_dec: Float[Tensor, " d_model"]
    activation: ActivationFunction

    @property
    def features(self) -> int:
        """How many features the layer has."""
        return int(self.W_enc.shape[0])

    def pre_activations(self, x: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row feature"]:
        """The encoder's values before its activation function."""
        return x @ self.W_enc.T + self.b_enc

    def encode(self, x: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row feature"]:
        """The features' activations."""
        return self.activation.apply(self.pre_activations(x))

    def encode_features(
        self, x: Float[Tensor, "*row d_model"], features: Sequence[int]
    ) -> Float[Tensor, "*row chosen"]:
        """The activations of some features, from their encoder rows alone where that is enough."""
        chosen = list(features)
        activation = self.activation.of_features(chosen)
        if activation is None:
            return self.encode(x)[..., chosen]
        return activation.apply(x @ self.W_enc[chosen].T + self.b_enc[chosen])

    def decode(self, activations: Float[Tensor, "*row feature"]) -> Float[Tensor, "*row d_model"]:
        """What the features write together, decoder bias included."""
        return activations @ self.W_dec + self.b_dec

    @abstractmethod
    def reads_what_it_writes(self) -> bool:
        """True for an autoencoder, False for a transcoder."""


@dataclass(frozen=True)
class Transcoder(Coder):
    """Predicts an MLP's output from its input (Dunefsky et al. 2024). Final."""

    def reads_what_it_writes(self) -> bool:
        """False: it reads the MLP's input and writes its output."""
        return False


@dataclass(frozen=True)
class SparseAutoencoder(Coder):
    """Reconstructs the activations that it reads. Final.

    A decoder bias that is subtracted from the input is already folded into `b_enc`.
    """

    def reads_what_it_writes(self) -> bool:
        """True."""
        return True


@dataclass(frozen=True)
class Dictionary(ABC):
    """Coders for some layers of one model, all at the same pair of sites."""

    name: str
    feature_input: Site
    feature_output: Site

    @property
    @abstractmethod
    def layer_numbers(self) -> tuple[int, ...]:
        """The layers that it has coders for, ascending."""

    @abstractmethod
    def coder(self, layer: int) -> Coder:
        """One layer's coder; ModelError if there is none."""

    @abstractmethod
    def to(self, device: torch.device, dtype: torch.dtype) -> Dictionary:
        """The same dictionary on another device or in another dtype."""

    def encode(self, layer: int, x: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row feature"]:
        """The activations of one layer's features for values at the input site."""
        return self.coder(layer).encode(x)

    def features(self, layer: int) -> int:
        """How many features a layer has."""
        return self.coder(layer).features


@dataclass(frozen=True)
class TranscoderSet(Dictionary):
    """One transcoder for every layer of a model. Final."""

    layers: tuple[Transcoder, ...]

    @property
    def layer_numbers(self) -> tuple[int, ...]:
        """All layers of the model."""
        return tuple(range(len(self.layers)))

    def coder(self, layer: int) -> Transcoder:
        """One layer's transcoder."""
        if not 0 <= layer < len(self.layers):
            raise _no_layer(self, layer)
        return self.layers[layer]

    def to(self, device: torch.device, dtype: torch.dtype) -> TranscoderSet:
        """The same dictionary on another device or in another dtype."""
        return replace(self, layers=tuple(_moved(coder, device, dtype) for coder in self.layers))


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

    def to(self, device: torch.device, dtype: torch.dtype) -> SparseAutoencoderSet:
        """The same dictionary on another device or in another dtype."""
        moved = {layer: _moved(coder, device, dtype) for layer, coder in self.layers.items()}
        return replace(self, layers=moved)


AnyCoder = TypeVar("AnyCoder", bound=Coder)


def _no_layer(dictionary: Dictionary, layer: int) -> ModelError:
    return ModelError(
        f"dictionary {dictionary.name}",
        f"one of its layers {list(dictionary.layer_numbers)}",
        f"layer {layer}",
    )


def _moved(coder: AnyCoder, device: torch.device, dtype: torch.dtype) -> AnyCoder:
    activation = coder.activation
    if isinstance(activation, JumpReLU):
        activation = JumpReLU(activation.threshold.to(device, dtype))
    return replace(
        coder,
        W_enc=coder.W_enc.to(device, dtype),
        b_enc=coder.b_enc.to(device, dtype),
        W_dec=coder.W_dec.to(device, dtype),
        b_dec=coder.b_dec.to(device, dtype),
        activation=activation,
    )
