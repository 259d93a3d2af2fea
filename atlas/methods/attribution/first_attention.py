"""The first attention layer that a row passes, where its gradient is at one position only.

With gradient g at position p, what arrives at position q is Σ_h pattern[h, p, q] V_h O_h g: one
vector for each head, which rows of the same position mix in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from jaxtyping import Float
from torch import Tensor

from atlas.models.frozen_attention import FrozenAttention


def project(
    attention: FrozenAttention, gradient: Float[Tensor, "row d_model"]
) -> Float[Tensor, "head d_head row"]:
    """The gradients as the layer's heads see them."""
    projected = attention.output @ gradient.T
    return projected.reshape(attention.heads, -1, len(gradient))


def spread(
    attention: FrozenAttention,
    projected: Float[Tensor, "head d_head row"],
    positions: list[int],
    first: int,
) -> Iterator[tuple[slice, Float[Tensor, "some_position d_model some_row"]]]:
    """What arrives at the positions from `first` on, for rows of one position after another.

    `positions` are the rows' own.
    """
    heads, size, _ = projected.shape
    value = attention.value.reshape(-1, attention.kv_heads, size).permute(1, 0, 2)
    read = value.repeat_interleave(attention.group, dim=0) @ projected  # [head, d_model, row]
    start = 0
    for position, same in groupby(positions):
        rows = slice(start, start + len(list(same)))
        start = rows.stop
        weights = attention.pattern[:, position, first : position + 1].T
        arriving = weights @ read[:, :, rows].reshape(heads, -1)
        yield rows, arriving.reshape(len(weights), -1, rows.stop - rows.start)


def at_first_position(
    attention: FrozenAttention,
    projected: Float[Tensor, "head d_head row"],
    pattern: Float[Tensor, "head row"],
) -> Float[Tensor, "kv_width row"]:
    """What arrives at one position, in head space; `pattern` is each row's weight of it."""
    weighted = projected * pattern[:, None]
    _, size, rows = projected.shape
    grouped = weighted.reshape(attention.kv_heads, attention.group, size, rows).sum(dim=1)
    return grouped.reshape(-1, rows)
