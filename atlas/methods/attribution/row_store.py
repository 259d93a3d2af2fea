"""Computed rows on their way into a graph: sparse, by layer, each kept once.

A row can give up its smallest weights as soon as it is computed, so that nothing larger than a
chunk of rows is ever dense: what is left holds a share of the sum of its absolute weights over
features, errors and tokens. Weights of equal size are given up all or none; constants stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int
from scipy.sparse import csr_array

from atlas.graphs.largest import largest
from atlas.methods.attribution.columns import Columns


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Rows of the features of one layer, or of the targets.

    `members` are the columns of those features, or the numbers of the targets. What a row gave up
    is known by its net and by its absolute sum, in the unit of the row.
    """

    members: Int[np.ndarray, " row"]
    weights: csr_array  # float32 [row, column]
    lost_net: Float64[np.ndarray, " row"]
    lost_absolute: Float64[np.ndarray, " row"]


class RowStore:
    """The rows of one prompt that were computed so far. Final."""

    def __init__(self, layers: int, columns: Columns, keep: float) -> None:
        self.layers = layers
        self.columns = columns.count
        self.first_constant = columns.first_constant
        self.keep = keep
        self.edges = 0
        self.gives_up = False  # whether a row gave up anything
        self.constants: set[int] = set()  # columns that are filled in some row
        # The features' by layer, then the targets', each as portions came.
        self._portions: list[list[SparseRows]] = [[] for _ in range(layers + 1)]

    def add(
        self,
        layer: Int[np.ndarray, " row"],
        members: Int[np.ndarray, " row"],
        dense: Float32[np.ndarray, "row column"],
    ) -> None:
        """Take in rows of features of these layers; targets have the number of layers as theirs."""
        for each in np.unique(layer).tolist():
            mine = np.flatnonzero(layer == each)
            filled = dense[mine, self.first_constant :].any(axis=0)
            self.constants.update((self.first_constant + np.flatnonzero(filled)).tolist())
            rows = sparse_rows(members[mine], dense[mine], self.first_constant, self.keep)
            self.edges += rows.weights.nnz
            self.gives_up |= bool(rows.lost_absolute.any())
            self._portions[each].append(rows)

    def of_layer(self, layer: int) -> SparseRows | None:
        """The rows of one layer's features, ordered by feature; None if there are none."""
        portions = self._portions[layer]
        if not portions:
            return None
        self._portions[layer] = [_joined(portions)]
        return self._portions[layer][0]

    def drain(self) -> Iterator[SparseRows]:
        """Each layer's rows and those of the targets at the end, forgotten as they are given."""
        for layer in range(self.layers + 1):
            rows = self.of_layer(layer)
            self._portions[layer] = []
            if rows is not None:
                yield rows


def sparse_rows(
    members: Int[np.ndarray, " row"],
    dense: Float32[np.ndarray, "row column"],
    first_constant: int,
    keep: float,
) -> SparseRows:
    """The rows without their zeros and without what they give up; `dense` is used up."""
    net, absolute = np.zeros(len(dense)), np.zeros(len(dense))
    if keep < 1:
        for row, weights in enumerate(dense[:, :first_constant]):
            gone = ~largest(np.abs(weights), keep)
            lost = weights[gone].astype(np.float64)
            net[row], absolute[row] = lost.sum(), np.abs(lost).sum()
            weights[gone] = 0
    return SparseRows(members, _without_zeros(dense), net, absolute)


def _without_zeros(dense: Float32[np.ndarray, "row column"]) -> csr_array:
    """The array without its zeros; several times faster than scipy's own conversion."""
    filled = np.flatnonzero(dense)
    row, column = np.divmod(filled, dense.shape[1])
    pointers = np.searchsorted(row, np.arange(len(dense) + 1))
    weights = dense.reshape(-1)[filled]
    return csr_array((weights, column.astype(np.int32), pointers), shape=dense.shape)


def _joined(portions: list[SparseRows]) -> SparseRows:
    """All rows of all portions, ordered by member."""
    members = np.concatenate([each.members for each in portions])
    order = np.argsort(members, kind="stable")
    if len(portions) == 1 and (order == np.arange(len(order))).all():
        return portions[0]
    return SparseRows(
        members[order],
        _stacked([each.weights for each in portions], order),
        np.concatenate([each.lost_net for each in portions])[order],
        np.concatenate([each.lost_absolute for each in portions])[order],
    )


def _stacked(parts: list[csr_array], order: Int[np.ndarray, " row"]) -> csr_array:
    """The rows of all parts in this order, each copied once."""
    counts = np.concatenate([np.diff(part.indptr) for part in parts])
    pointers = np.concatenate([[0], np.cumsum(counts[order])])
    start = np.empty_like(counts)
    start[order] = pointers[:-1]
    columns, values = np.empty(pointers[-1], np.int32), np.empty(pointers[-1], np.float32)
    row = 0
    for part in parts:
        ends = part.indptr.tolist()
        for first, last in zip(ends, ends[1:], strict=False):
            here = slice(start[row], start[row] + last - first)
            columns[here], values[here] = part.indices[first:last], part.data[first:last]
            row += 1
    return csr_array((values, columns, pointers), shape=(len(order), parts[0].shape[1]))
