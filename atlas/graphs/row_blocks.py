"""Large sparse rows, looked at a block at a time, so that what is made of them stays small."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int
from scipy.sparse import csr_array

BLOCK_EDGES = 1 << 24  # edges in a block, whose absolute weights take 64 MiB


def row_blocks(
    pointers: Int[np.ndarray, " pointer"], rows: slice | None = None, most: int | None = None
) -> Iterator[slice]:
    """Consecutive rows with at most `most` edges together, or one row that has more."""
    most = BLOCK_EDGES if most is None else most
    start, stop = (0, len(pointers) - 1) if rows is None else (rows.start, rows.stop)
    while start < stop:
        fitting = int(np.searchsorted(pointers, pointers[start] + most, side="right")) - 1
        end = min(max(fitting, start + 1), stop)
        yield slice(start, end)
        start = end


def block(rows: csr_array, part: slice) -> csr_array:
    """Consecutive rows as a matrix of their own, without a copy of their weights."""
    first, last = rows.indptr[part.start], rows.indptr[part.stop]
    pointers = rows.indptr[part.start : part.stop + 1] - first
    shape = (part.stop - part.start, rows.shape[1])
    return csr_array((rows.data[first:last], rows.indices[first:last], pointers), shape=shape)


def absolute_block(rows: csr_array, part: slice) -> csr_array:
    """The absolute weights of consecutive rows."""
    found = block(rows, part)
    found.data = np.abs(found.data)
    return found
