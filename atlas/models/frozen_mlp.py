"""How one layer's dictionary is wired to the residual stream, with norm scales held fixed.

Between the stream and the encoders there may be the norm before the MLP, between the decoders and
the stream a post-norm. With their scales s and t fixed both are affine, and so is the path of a
skip connection from the stream to the stream:

    x[q]  ->  x[q] N W_skipᵀ M / (s[q] t[q]) + constants

N and M are the norms' weights and centring.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.models.coders import Skip
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel, Place
from atlas.models.sites import Site
from atlas.models.weights import NormWeights


@dataclass(frozen=True)
class FrozenNorm:
    """A norm whose scale is known from a pass."""

    weights: NormWeights
    scale: Float[Tensor, "position 1"]

    def forward(
        self, x: Float[Tensor, "row d_model"], position: Int[Tensor, " row"]
    ) -> Float[Tensor, "row d_model"]:
        """The linear part of the norm at these positions."""
        return self.weights.forward(x) / self.scale[position]

    def backward(
        self, gradient: Float[Tensor, "row d_model"], position: Int[Tensor, " row"]
    ) -> Float[Tensor, "row d_model"]:
        """The gradient before the norm at these positions."""
        return self.weights.backward(gradient) / self.scale[position]


@dataclass(frozen=True)
class FrozenSkip:
    """A skip connection from the residual stream to the residual stream."""

    matrix: Float[Tensor, "d_model d_model"]  # reads along its rows, norms' weights included
    scale: Float[Tensor, " position"]  # of both norms: what the matrix gives is divided by it
    bias: Float[Tensor, "position d_model"]  # its own, as the stream receives it
    norm_bias: Float[Tensor, "position d_model"]  # what the bias of the norm before it becomes

    def backward(
        self, gradient: Float[Tensor, "some_position d_model row"], first: int = 0
    ) -> Float[Tensor, "some_position d_model row"]:
        """The gradient where the stream is read, for rows side by side from position `first` on."""
        scale = self.scale[first : first + len(gradient), None, None]
        return (self.matrix @ gradient) / scale


@dataclass(frozen=True)
class FrozenMlp:
    """The norms and the skip connection of one layer's dictionary; None where there is none."""

    reading: FrozenNorm | None
    writing: FrozenNorm | None
    skip: FrozenSkip | None

    def received(
        self, vectors: Float[Tensor, "row d_model"], position: Int[Tensor, " row"]
    ) -> Float[Tensor, "row d_model"]:
        """Vectors at the output site as they arrive in the residual stream."""
        return vectors if self.writing is None else self.writing.forward(vectors, position)

    def read_gradient(
        self, gradient: Float[Tensor, "row d_model"], position: Int[Tensor, " row"]
    ) -> Float[Tensor, "row d_model"]:
        """Gradients at the input site as they arrive in the residual stream."""
        return gradient if self.reading is None else self.reading.backward(gradient, position)

    @property
    def read_bias(self) -> Float[Tensor, " d_model"] | None:
        """What the norm before the input site adds there that comes from no source."""
        return None if self.reading is None else self.reading.weights.bias

    @property
    def write_bias(self) -> Float[Tensor, " d_model"] | None:
        """What the norm after the output site adds that comes from no source."""
        return None if self.writing is None else self.writing.weights.bias


def freeze_mlp(
    model: LanguageModel, dictionary: Dictionary, layer: int, values: dict[Place, Tensor]
) -> FrozenMlp:
    """One layer's wiring for the norm scales among a prompt's values."""
    reading, writing = _reading(model, dictionary, layer, values), None
    post_norm = model.mlp_post_norm(layer)
    if post_norm is not None and dictionary.feature_output is Site.MLP_OUTPUT:
        writing = FrozenNorm(post_norm, values[Site.MLP_POST_NORM_SCALE, layer])
    skip = dictionary.skip(layer)
    length = len(values[dictionary.feature_input, layer])
    return FrozenMlp(
        reading, writing, None if skip is None else _freeze_skip(skip, reading, writing, length)
    )


def _reading(
    model: LanguageModel, dictionary: Dictionary, layer: int, values: dict[Place, Tensor]
) -> FrozenNorm | None:
    site, norm = dictionary.feature_input, model.mlp_norm(layer)
    if norm is None or site is Site.RESIDUAL_MIDDLE:
        return None
    if site is Site.MLP_NORMALIZED and not norm.centred:
        # There the norm has divided already but not yet multiplied by its weight.
        norm = NormWeights(torch.ones_like(norm.weight), None, False)
    return FrozenNorm(norm, values[Site.MLP_NORM_SCALE, layer])


def _freeze_skip(
    skip: Skip, reading: FrozenNorm | None, writing: FrozenNorm | None, length: int
) -> FrozenSkip:
    weight = skip.weight
    matrix = torch.eye(weight.shape[0]).to(weight)
    scale = weight.new_ones(length)
    bias = weight.new_zeros(weight.shape[0]) if skip.bias is None else skip.bias
    carried = torch.zeros_like(bias)
    if reading is not None:
        matrix = reading.weights.forward(matrix)
        scale = scale * reading.scale[:, 0]
        if reading.weights.bias is not None:
            carried = skip.linear(reading.weights.bias)
    matrix = skip.linear(matrix)
    position = torch.arange(length, device=weight.device)
    bias, carried = bias.expand(length, -1), carried.expand(length, -1)
    if writing is not None:
        matrix = writing.weights.forward(matrix)
        scale = scale * writing.scale[:, 0]
        bias, carried = writing.forward(bias, position), writing.forward(carried, position)
    return FrozenSkip(matrix, scale, bias, carried)
