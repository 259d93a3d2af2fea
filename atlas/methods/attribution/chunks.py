"""How many rows are swept together: as many as are asked for, fewer where they would not fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jaxtyping import Int
from torch import Tensor

from atlas.methods.attribution.columns import Columns
from atlas.models.replacement import FrozenPass

CHUNK_BYTES = 1 << 30
WHOLE = 16  # products of so many rows at a time, two vector registers wide, are up to twice as fast


@dataclass(frozen=True)
class ChunkLimits:
    """What a chunk may take."""

    rows: int
    bytes: int = CHUNK_BYTES  # of gradients and weights; a chunk has at least `WHOLE` rows


def chunks(
    frozen: FrozenPass,
    position: Int[Tensor, " row"],
    order: Int[Tensor, " some_row"],
    limits: ChunkLimits,
) -> Iterator[Int[Tensor, " chunk_row"]]:
    """Rows in portions that fit; `order` sorts them by position, and a chunk needs none above."""
    start = 0
    while start < len(order):
        most = order[start : start + limits.rows]
        fitting = limits.bytes // bytes_of_row(frozen, int(position[most[-1]]) + 1)
        chosen = most[: max(fitting // WHOLE * WHOLE, WHOLE)]
        start += len(chosen)
        yield chosen


def bytes_of_row(frozen: FrozenPass, length: int) -> int:
    """What a row takes while it is swept, if its target stands at the last of so many positions.

    Its gradient at every position, once more where it arrives from a layer and where it has passed
    a skip connection, as heads write and as they read it; and its weight for every column.
    """
    attention = frozen.attention[0]
    width = frozen.tokens.shape[1]
    copies = 2 + any(mlp.skip is not None for mlp in frozen.mlps)
    per_position = copies * width + attention.output.shape[0] + attention.value.shape[1]
    numbers = length * per_position + Columns.of(frozen).count
    return numbers * frozen.tokens.element_size()


def whole(rows: int) -> int:
    """The number of rows, rounded up for fast products."""
    return -(-rows // WHOLE) * WHOLE
