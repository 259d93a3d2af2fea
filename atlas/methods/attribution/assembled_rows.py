"""The matrix of a graph, written straight from the stored rows into its own arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int
from scipy.sparse import csr_array

from atlas.graphs.row_blocks import block, row_blocks
from atlas.methods.attribution.row_store import RowStore, SparseRows

PORTION_EDGES = 1 << 20  # renumbered at once; what that takes besides is a few times 8 MiB


@dataclass(frozen=True, eq=False)
class AssembledRows:
    """A graph's rows, and by how much sources without a node had a part in each."""

    weights: csr_array  # float32 [row, node]
    absolute: Float32[np.ndarray, " row"]  # of all that the row lost, given up or not traced
    given_up: Float32[np.ndarray, " row"]  # of what it gave up, rounded up


def assembled_rows(
    store: RowStore, kept: Int[np.ndarray, " kept"], width: int, rows: int
) -> AssembledRows:
    """All rows with these columns first; the sum of all else in each row stands after them.

    `kept` ascends, so entries stay in their order. The store is empty afterwards: each layer's
    rows are forgotten once they are written, so that there is never a second copy of all.
    """
    node = np.full(store.columns, -1, dtype=np.int32)
    node[kept] = np.arange(len(kept))
    # Rooms for the most that there can be; memory that is not written to costs nothing.
    columns = np.empty(store.edges + rows, np.int32)
    values = np.empty(store.edges + rows, np.float32)
    counts, absolute, given_up = np.zeros(rows, int), np.zeros(rows), np.zeros(rows)
    row = edge = 0
    for layer in store.drain():
        given_up[row : row + len(layer.members)] = layer.lost_absolute
        for part in row_blocks(layer.weights.indptr, most=PORTION_EDGES):
            found, lost = _renumbered(layer, part, node, len(kept))
            here = slice(row, row + len(lost))
            counts[here], absolute[here] = np.diff(found.indptr), lost
            columns[edge : edge + found.nnz] = found.indices
            values[edge : edge + found.nnz] = found.data
            row, edge = row + len(lost), edge + found.nnz
    columns.resize(edge, refcheck=False)
    values.resize(edge, refcheck=False)
    pointers = np.concatenate([[0], np.cumsum(counts)])
    matrix = csr_array((values, columns, pointers), shape=(rows, width))
    return AssembledRows(matrix, absolute.astype(np.float32), _rounded_up(given_up))


def _renumbered(
    rows: SparseRows, part: slice, node: Int[np.ndarray, " column"], dropped: int
) -> tuple[csr_array, Float32[np.ndarray, " row"]]:
    """Some rows with nodes for columns, and the absolute sum of what each lost."""
    weights = block(rows.weights, part)
    columns, values, pointers = node[weights.indices], weights.data, weights.indptr
    count = len(pointers) - 1
    net, absolute = rows.lost_net[part], rows.lost_absolute[part]
    lost, shape = columns < 0, (count, dropped + 1)
    if not lost.any() and not absolute.any():
        return csr_array((values, columns, pointers), shape=shape), np.zeros(count, np.float32)
    row = np.repeat(np.arange(count), np.diff(pointers))
    lost_row, lost_values = row[lost], values[lost]
    net = (np.bincount(lost_row, lost_values, count) + net).astype(np.float32)
    absolute = (np.bincount(lost_row, np.abs(lost_values), count) + absolute).astype(np.float32)
    ends = np.cumsum(np.bincount(row[~lost], minlength=count))
    filled = np.flatnonzero(net)
    columns = np.insert(columns[~lost], ends[filled], dropped)
    values = np.insert(values[~lost], ends[filled], net[filled])
    pointers = np.concatenate([[0], ends + np.cumsum(net != 0)])
    return csr_array((values, columns, pointers), shape=shape), absolute


def _rounded_up(amounts: np.ndarray) -> Float32[np.ndarray, " amount"]:
    """The amounts in float32, none smaller than before: bounds are computed from them."""
    near = amounts.astype(np.float32)
    rounded: np.ndarray = np.where(near < amounts, np.nextafter(near, np.float32(np.inf)), near)
    return rounded
