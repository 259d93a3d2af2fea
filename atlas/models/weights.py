"""The linear weights of a model that attribution needs, in one layout for all architectures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.models.held_weights import Arithmetic, stretches


@dataclass(frozen=True)
class NormWeights:
    """A norm y = weight * (x or x − mean(x)) / scale + bias, with the scale known from a pass.

    `weight` is the effective one: Gemma stores it minus 1.
    """

    weight: Float[Tensor, " d_model"]
    bias: Float[Tensor, " d_model"] | None
    centred: bool  # True: LayerNorm, subtracts the mean; False: RMSNorm

    def forward(self, x: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row d_model"]:
        """The linear part of the norm, still to be divided by its scale."""
        return self.weight * (x - x.mean(-1, keepdim=True) if self.centred else x)

    def backward(self, gradient: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row d_model"]:
        """The gradient at the norm's input, still to be divided by the fixed scale."""
        passed = gradient * self.weight
        return passed - passed.mean(-1, keepdim=True) if self.centred else passed


@dataclass(frozen=True)
class AttentionWeights:
    """Values and outputs of one attention layer; queries and keys are inside its pattern.

    With grouped queries, head h reads the values of kv_head h // (heads / kv_heads).
    """

    value: Float[Tensor, "kv_head d_model d_head"]
    value_bias: Float[Tensor, "kv_head d_head"] | None
    output: Float[Tensor, "head d_head d_model"]
    output_bias: Float[Tensor, " d_model"] | None

    @property
    def group(self) -> int:
        """How many heads share one value head."""
        return int(self.output.shape[0] // self.value.shape[0])


@dataclass(frozen=True)
class Unembedding:
    """logits = x @ weight + bias.

    The weight may be held in another precision or place than arithmetic is done in; then some
    thousand of its columns are converted at a time, never all.
    """

    weight: Float[Tensor, "d_model d_vocab"]
    bias: Float[Tensor, " d_vocab"] | None
    arithmetic: Arithmetic

    def linear(self, x: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row d_vocab"]:
        """The logits without the bias."""
        if self.arithmetic.fits(self.weight):
            return x @ self.weight
        logits = x.new_empty(*x.shape[:-1], self.weight.shape[1])
        for tokens in stretches(self.weight.shape[1]):
            logits[..., tokens] = x @ self.arithmetic.bring(self.weight[:, tokens])
        return logits

    def columns(self, tokens: Sequence[int]) -> Float[Tensor, "token d_model"]:
        """What each of some tokens reads."""
        return self.arithmetic.bring(self.weight[:, list(tokens)]).T

    def mean(self) -> Float[Tensor, " d_model"]:
        """The mean column of the weight."""
        if self.arithmetic.fits(self.weight):
            return self.weight.mean(dim=1)
        count = self.weight.shape[1]
        total = torch.zeros_like(self.columns([0])[0])
        for tokens in stretches(count):
            some = self.arithmetic.bring(self.weight[:, tokens])
            total += some.mean(dim=1) * (some.shape[1] / count)
        return total

    def demeaned_bias(self, token: int) -> float:
        """The token's bias minus the mean bias."""
        if self.bias is None:
            return 0.0
        return float(self.bias[token] - self.bias.mean())


def detached(parameter: Tensor | None) -> Tensor | None:
    """A parameter as a plain tensor; None if it is absent."""
    return None if parameter is None else torch.Tensor.detach(parameter)
