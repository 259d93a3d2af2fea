"""Coders: one layer's encoder and decoder, with the skip connection that some transcoders have.

Weights are stored one feature per row, so that the row of a feature is its encoder or decoder
vector. Encoders and decoders may stay in half precision, as files hold them, where they are mapped
into memory and only the rows that are used are read; values are computed in the biases' precision.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.models.activation_functions import ActivationFunction

Rows = Sequence[int] | Tensor | slice
"""Some features: their indices, or a range of them."""
HALF = (torch.bfloat16, torch.float16)


@dataclass(frozen=True)
class Skip:
    """A linear path past the features, y += weight x + bias (Paulo et al. 2025, 2501.18823)."""

    weight: Float[Tensor, "d_model d_model"]  # a row gives one number of the output
    bias: Float[Tensor, " d_model"] | None = None  # of its own, beside the decoder's

    def linear(self, x: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row d_model"]:
        """What it adds that is proportional to its input."""
        return x @ self.weight.T

    def apply(self, x: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row d_model"]:
        """All that it adds to the output."""
        return self.linear(x) if self.bias is None else self.linear(x) + self.bias


class Coder(ABC):
    """One layer's encoder, a = activation(W_enc x + b_enc), and what its features write."""

    W_enc: Float[Tensor, "feature d_model"]
    b_enc: Float[Tensor, " feature"]
    b_dec: Float[Tensor, " d_model"]  # added once to this layer's output
    activation: ActivationFunction

    @property
    def features(self) -> int:
        """How many features the layer has."""
        return int(self.W_enc.shape[0])

    @property
    def width(self) -> int:
        """The length of the vectors that it reads and writes."""
        return int(self.b_dec.shape[0])

    @property
    @abstractmethod
    def reach(self) -> int:
        """To how many layers its features write, its own included."""

    @abstractmethod
    def decoder(
        self, after: int = 0, features: Rows = slice(None)
    ) -> Float[Tensor, "chosen d_model"]:
        """What features write, per unit, to the layer that lies `after` layers later."""

    def encoder(self, features: Rows = slice(None)) -> Float[Tensor, "chosen d_model"]:
        """What features read."""
        return _rows(self.W_enc, features).to(self.b_enc)

    def pre_activations(self, x: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row feature"]:
        """The encoder's values before its activation function."""
        return x @ self.encoder().T + self.b_enc

    def read(
        self, x: Float[Tensor, "*row d_model"]
    ) -> tuple[Float[Tensor, "*row feature"], Float[Tensor, "*row feature"]]:
        """The features' pre-activations and activations."""
        pre = self.pre_activations(x)
        return pre, self.activation.apply(pre)

    def encode(self, x: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row feature"]:
        """The features' activations."""
        return self.read(x)[1]

    def encode_features(
        self, x: Float[Tensor, "*row d_model"], features: Sequence[int]
    ) -> Float[Tensor, "*row chosen"]:
        """The activations of some features, from their encoder rows alone where that is enough."""
        chosen = list(features)
        activation = self.activation.of_features(chosen)
        if activation is None:
            return self.encode(x)[..., chosen]
        return activation.apply(x @ self.encoder(chosen).T + self.b_enc[chosen])


@dataclass(frozen=True)
class SingleLayerCoder(Coder, ABC):
    """A coder whose features write at their own layer: y = a W_dec + b_dec."""

    W_enc: Float[Tensor, "feature d_model"]
    b_enc: Float[Tensor, " feature"]
    W_dec: Float[Tensor, "feature d_model"]
    b_dec: Float[Tensor, " d_model"]
    activation: ActivationFunction

    @property
    def reach(self) -> int:
        """1: its own layer."""
        return 1

    def decoder(
        self, after: int = 0, features: Rows = slice(None)
    ) -> Float[Tensor, "chosen d_model"]:
        """The decoder; `after` is 0."""
        if after != 0:
            raise ValueError(f"features of one layer write at that layer, not {after} later")
        return _rows(self.W_dec, features).to(self.b_dec)

    def decode(self, activations: Float[Tensor, "*row feature"]) -> Float[Tensor, "*row d_model"]:
        """What the features write together, decoder bias included, a skip connection not."""
        return activations @ self.decoder() + self.b_dec


@dataclass(frozen=True)
class Transcoder(SingleLayerCoder):
    """Predicts an MLP's output from its input (Dunefsky et al. 2024). Final."""

    skip: Skip | None = None


@dataclass(frozen=True)
class CrossLayerCoder(Coder):
    """One layer of a cross-layer transcoder (Ameisen et al. 2025, "Circuit Tracing"). Final.

    Its features read at their layer and write, each with a decoder vector per layer, at their own
    and all later ones. `b_dec` and the skip connection belong to its own layer's output.
    """

    W_enc: Float[Tensor, "feature d_model"]
    b_enc: Float[Tensor, " feature"]
    W_dec: Float[Tensor, "feature written_layer d_model"]  # its own layer first
    b_dec: Float[Tensor, " d_model"]
    activation: ActivationFunction
    skip: Skip | None = None

    @property
    def reach(self) -> int:
        """Its own layer and those after it."""
        return int(self.W_dec.shape[1])

    def decoder(
        self, after: int = 0, features: Rows = slice(None)
    ) -> Float[Tensor, "chosen d_model"]:
        """The decoder for the layer that lies `after` layers later."""
        return _rows(self.W_dec[:, after], features).to(self.b_dec)


@dataclass(frozen=True)
class SparseAutoencoder(SingleLayerCoder):
    """Reconstructs the activations that it reads. Final.

    A decoder bias that is subtracted from the input is already folded into `b_enc`.
    """


AnyWeights = TypeVar("AnyWeights", bound=Coder | Skip | ActivationFunction)


def moved(
    weights: AnyWeights, device: torch.device, dtype: torch.dtype, matrices_stay: bool = False
) -> AnyWeights:
    """A frozen dataclass of tensors on another device or in another dtype, parts included.

    Encoders and decoders in half precision stay so: in full they would take twice their files.
    With `matrices_stay` they do not move either, and rows of them do when they are read.
    """
    record: Any = weights
    changed: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, Tensor):
            matrix = field.name in ("W_enc", "W_dec")
            if matrix and matrices_stay:
                continue
            stays = matrix and value.dtype in HALF
            changed[field.name] = value.to(device, value.dtype if stays else dtype)
        elif isinstance(value, (Skip, ActivationFunction)):
            changed[field.name] = moved(value, device, dtype)
    same: AnyWeights = replace(record, **changed)
    return same


def _rows(matrix: Tensor, features: Rows) -> Tensor:
    """Rows of a matrix that may lie on another device than the indices."""
    return matrix[features.to(matrix.device) if isinstance(features, Tensor) else features]
