"""The first position's residual stream, source by source.

Nothing stands before the first position and no features are attributed there, so its stream is
made of its own embedding and of constants alone. How much each of them holds at each depth is
known from one pass upwards; whoever reads the position reads them all, and no gradient needs to
be swept down there.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.graphs.graph import CONSTANTS
from atlas.methods.attribution.columns import Columns
from atlas.models.replacement import FrozenPass


@dataclass(frozen=True)
class FirstPosition:
    """What each source holds of the stream, with its columns."""

    count: int  # of all columns
    columns: Int[Tensor, " source"]
    stream: Float[Tensor, "depth source d_model"]  # by half layers, as targets count them
    values: tuple[Float[Tensor, "source kv_width"], ...]  # as each layer's values read it

    def weights(
        self, depth: Int[Tensor, " row"], gradient: Float[Tensor, "row d_model"]
    ) -> Float[Tensor, "row column"]:
        """The rows whose targets read this position itself."""
        weights = gradient.new_zeros(len(gradient), self.count)
        weights[:, self.columns] = torch.einsum("rsd,rd->rs", self.stream[depth], gradient)
        return weights


def first_position(frozen: FrozenPass) -> FirstPosition:
    """One prompt's first position."""
    columns = Columns.of(frozen)
    names = [columns.constant(name) for name in CONSTANTS]
    now = frozen.tokens.new_zeros(1 + len(names), frozen.tokens.shape[1])
    now[0] = frozen.tokens[0]
    if frozen.position_embedding is not None:
        now[_row("position_embedding")] = frozen.position_embedding[0]
    stream, values = [now], []
    for layer in range(frozen.model.layers):
        attention = frozen.attention[layer]
        values.append(now @ attention.value)
        after = now + _attention(frozen, layer, values[-1])
        read = now if frozen.model.parallel_blocks else after
        now = after + _mlp(frozen, layer, read)
        stream += [after, now]
    kept = torch.stack(stream).any(dim=2).any(dim=0).nonzero().reshape(-1)
    everywhere = torch.tensor([columns.first_token, *names], device=kept.device)
    return FirstPosition(
        count=columns.count,
        columns=everywhere[kept],
        stream=torch.stack(stream)[:, kept],
        values=tuple(each[kept] for each in values),
    )


def _row(name: str) -> int:
    return 1 + CONSTANTS.index(name)


def _attention(
    frozen: FrozenPass, layer: int, values: Float[Tensor, "source kv_width"]
) -> Float[Tensor, "source d_model"]:
    """What the layer's attention adds: each head looks at this position itself."""
    attention = frozen.attention[layer]
    by_head = values.reshape(len(values), attention.kv_heads, -1)
    mixed = by_head.repeat_interleave(attention.group, dim=1) * attention.pattern[:, 0, 0][:, None]
    added = mixed.reshape(len(values), -1) @ attention.output
    added[_row("attention_bias")] += attention.attention_bias[0]
    added[_row("norm_bias")] += attention.norm_bias[0]
    return added


def _mlp(
    frozen: FrozenPass, layer: int, read: Float[Tensor, "source d_model"]
) -> Float[Tensor, "source d_model"]:
    """What the layer's MLP adds: constants, and what its skip connection passes on."""
    skip, added = frozen.mlps[layer].skip, torch.zeros_like(read)
    if skip is not None:
        added = read @ skip.matrix / skip.scale[0]
        added[_row("skip_bias")] += skip.bias[0]
        added[_row("norm_bias")] += skip.norm_bias[0]
    added[_row("norm_bias")] += frozen.mlp_norm_bias[layer]
    added[_row("decoder_bias")] += frozen.decoder_bias[layer, 0]
    added[_row("zero_position_mlp")] += frozen.zero_position_mlp[layer, 0]
    return added
