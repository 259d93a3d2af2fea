"""One attention layer with its pattern and norms held fixed: a linear map over positions.

With pattern A, norm scale s and post-norm scale t, a value x[q] contributes
Σ_h A[h,p,q] / (s[q] t[p]) · x[q] V_h O_h to position p. Norm weights and centring are folded into
V and O, scales into the pattern, so that this is a mix over positions of x V_h O_h.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.models.language_model import LanguageModel
from atlas.models.weights import AttentionWeights, NormWeights

KEPT_LAYERS = 2
"""Layers whose matrices stay at hand where weights are held otherwise than arithmetic needs them:
a sweep reads one after the other, and the lowest beside them."""


@dataclass(frozen=True)
class AttentionMatrices:
    """What one layer reads and writes with, norms' weights and centring folded in."""

    value: Float[Tensor, "d_model kv_width"]  # kv_width = kv heads × d_head
    output: Float[Tensor, "width d_model"]  # width = heads × d_head


@dataclass(frozen=True)
class FrozenAttention:
    """The linear map, and what the layer adds that comes from no source."""

    pattern: Float[Tensor, "head target source"]  # divided by both norms' scales
    matrices: Callable[[], AttentionMatrices]  # made again if they were given up meanwhile
    kv_heads: int
    attention_bias: Float[Tensor, "position d_model"]  # of the values and the output
    norm_bias: Float[Tensor, "position d_model"]  # of the norms before and after

    @property
    def value(self) -> Float[Tensor, "d_model kv_width"]:
        """What the heads read, side by side."""
        return self.matrices().value

    @property
    def output(self) -> Float[Tensor, "width d_model"]:
        """What the heads write, one below the other."""
        return self.matrices().output

    @property
    def heads(self) -> int:
        """The number of heads."""
        return int(self.pattern.shape[0])

    @property
    def group(self) -> int:
        """How many heads share one value head."""
        return self.heads // self.kv_heads

    def forward(self, x: Float[Tensor, "position d_model"]) -> Float[Tensor, "position d_model"]:
        """What the layer adds to a residual stream `x`, its constants included."""
        values = (x @ self.value).reshape(len(x), self.kv_heads, -1)
        per_head = values.repeat_interleave(self.group, dim=1)
        mixed = torch.einsum("hpq,qhe->phe", self.pattern, per_head).reshape(len(x), -1)
        return mixed @ self.output + self.attention_bias + self.norm_bias


Matrices = Callable[[int], AttentionMatrices]
"""Gives the matrices of a layer."""


def matrices_of(model: LanguageModel) -> Matrices:
    """The matrices of each layer: kept, or of a few layers at a time where the model holds them.

    Those of a model whose weights are held otherwise would in full precision take memory that it
    was loaded to save.
    """
    return lru_cache(KEPT_LAYERS if model.settings.holds else None)(partial(_matrices, model))


def freeze_attention(
    model: LanguageModel,
    place: tuple[int, Matrices],
    pattern: Float[Tensor, "head target source"],
    scale: Float[Tensor, "position 1"] | None,
    post_scale: Float[Tensor, "position 1"] | None,
) -> FrozenAttention:
    """A layer's linear map for one prompt's pattern and norm scales, None where no norm is.

    `place` is the layer, and where its matrices come from.
    """
    layer, matrices = place
    weights = model.attention(layer)
    norm, post_norm = model.attention_norm(layer), model.attention_post_norm(layer)
    bias, carried = _constants(weights, norm, pattern)
    mixing = pattern if scale is None else pattern / scale[:, 0]
    if post_norm is not None and post_scale is not None:
        mixing = mixing / post_scale[:, 0][None, :, None]
        bias = post_norm.forward(bias) / post_scale
        carried = post_norm.forward(carried) / post_scale
        if post_norm.bias is not None:
            carried = carried + post_norm.bias
    return FrozenAttention(
        pattern=mixing,
        matrices=partial(matrices, layer),
        kv_heads=int(weights.value.shape[0]),
        attention_bias=bias,
        norm_bias=carried,
    )


def _matrices(model: LanguageModel, layer: int) -> AttentionMatrices:
    weights, post_norm = model.attention(layer), model.attention_post_norm(layer)
    output = weights.output if post_norm is None else post_norm.forward(weights.output)
    value = _flat_value(weights, model.attention_norm(layer))
    return AttentionMatrices(value, output.reshape(-1, output.shape[-1]))


def _flat_value(
    weights: AttentionWeights, norm: NormWeights | None
) -> Float[Tensor, "d_model width"]:
    """All value heads side by side, reading the residual stream through the norm's weight."""
    value = weights.value
    if norm is not None:
        value = value * norm.weight[None, :, None]
        if norm.centred:
            value = value - value.mean(dim=1, keepdim=True)
    return value.permute(1, 0, 2).reshape(value.shape[1], -1).contiguous()


def _constants(
    weights: AttentionWeights,
    norm: NormWeights | None,
    pattern: Float[Tensor, "head target source"],
) -> tuple[Float[Tensor, "position d_model"], Float[Tensor, "position d_model"]]:
    """What the biases of values and output, and the norm's bias, add at each position.

    A value bias is multiplied by its row of the pattern, which sums to less than 1 where a model
    has attention sinks.
    """
    row_sums = pattern.sum(dim=-1)
    bias = torch.zeros(pattern.shape[1], weights.output.shape[-1]).to(weights.output)
    carried = bias.clone()
    if weights.value_bias is not None:
        per_head = weights.value_bias.repeat_interleave(weights.group, dim=0)
        bias = bias + torch.einsum("hp,he,hed->pd", row_sums, per_head, weights.output)
    if weights.output_bias is not None:
        bias = bias + weights.output_bias
    if norm is not None and norm.bias is not None:
        per_kv = torch.einsum("d,kde->ke", norm.bias, weights.value)
        per_head = per_kv.repeat_interleave(weights.group, dim=0)
        carried = carried + torch.einsum("hp,he,hed->pd", row_sums, per_head, weights.output)
    return bias, carried
