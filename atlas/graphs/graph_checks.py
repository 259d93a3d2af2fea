"""The rules that make arrays an attribution graph; each raises GraphFormatError."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int32, Int64
from scipy.sparse import csr_array

from atlas.errors import GraphFormatError
from atlas.graphs.nodes import NodeKind, NodeTable
from atlas.graphs.row_blocks import block, row_blocks

# The dropped weight is a float32 sum of numbers whose absolute sum is kept beside it.
ROUNDING = 1e-3
ABOVE_ALL = np.int32(2**30)


def check_positions(nodes: NodeTable, position_count: int) -> None:
    """Raise unless every position is one of the prompt's."""
    if len(nodes) and nodes.position.max() >= position_count:
        node = int(nodes.position.argmax())
        raise GraphFormatError(
            nodes.describe(node),
            f"a position below {position_count}, the number of tokens",
            str(nodes.position[node]),
        )


def matrix_of(
    pointers: Int64[np.ndarray, " pointer"],
    columns: Int32[np.ndarray, " edge"],
    weights: Float32[np.ndarray, " other_edge"],
    node_count: int,
) -> csr_array:
    """The sparse rows that three arrays describe, each checked before scipy relies on it."""
    if not len(pointers) or pointers[0] != 0 or (np.diff(pointers) < 0).any():
        raise GraphFormatError("row_pointers", "numbers that ascend from 0", "others")
    if not pointers[-1] == len(columns) == len(weights):
        raise GraphFormatError(
            "rows", f"{pointers[-1]} edges as declared", f"{len(columns)} and {len(weights)}"
        )
    if len(columns) and not 0 <= columns.min() <= columns.max() < node_count:
        raise GraphFormatError(
            "rows", f"sources among the {node_count} nodes", f"{columns.min()} to {columns.max()}"
        )
    return csr_array((weights, columns, pointers), shape=(len(pointers) - 1, node_count))


def check_rows(rows: csr_array, node_count: int) -> None:
    """Raise unless the matrix has float32 weights, all finite, one column per node."""
    if rows.data.dtype != np.float32:
        raise GraphFormatError("rows", "float32 weights", str(rows.data.dtype))
    if rows.shape[1] != node_count:
        raise GraphFormatError("rows", f"{node_count} columns, one per node", str(rows.shape[1]))
    if not np.isfinite(rows.data).all():
        edge = int(np.isfinite(rows.data).argmin())
        raise GraphFormatError(f"rows, edge {edge}", "finite weights", str(rows.data[edge]))
    if not rows.has_canonical_format:
        once = rows.copy()
        once.sum_duplicates()
        if once.nnz != rows.nnz:
            raise GraphFormatError("rows", "each edge once", "an edge twice")


def check_row_nodes(nodes: NodeTable, row_nodes: Int32[np.ndarray, " row"], rows: int) -> None:
    """Raise unless rows explain distinct features, then every logit, in ascending order."""
    if len(row_nodes) != rows or row_nodes.dtype != np.int32:
        raise GraphFormatError(
            "row_nodes", f"{rows} int32 numbers, one per row", f"{len(row_nodes)} {row_nodes.dtype}"
        )
    if rows and not 0 <= row_nodes.min() <= row_nodes.max() < len(nodes):
        raise GraphFormatError("row_nodes", f"nodes below {len(nodes)}", "others")
    if (np.diff(row_nodes) <= 0).any():
        raise GraphFormatError(
            "row_nodes", "nodes in ascending order, each once", "another order or a repetition"
        )
    kinds = nodes.kind[row_nodes]
    wrong = (kinds != NodeKind.FEATURE) & (kinds != NodeKind.LOGIT)
    if wrong.any():
        node = int(row_nodes[int(wrong.argmax())])
        raise GraphFormatError("row_nodes", "features and logits", nodes.describe(node))
    if np.count_nonzero(kinds == NodeKind.LOGIT) != np.count_nonzero(nodes.kind == NodeKind.LOGIT):
        raise GraphFormatError("row_nodes", "a row for every logit", "a logit without one")


def check_row_numbers(name: str, values: Float32[np.ndarray, " number"], row_count: int) -> None:
    """Raise unless there is one finite float32 number per row."""
    if len(values) != row_count or values.dtype != np.float32:
        raise GraphFormatError(
            name, f"{row_count} float32 numbers, one per row", f"{len(values)} {values.dtype}"
        )
    if not np.isfinite(values).all():
        row = int(np.isfinite(values).argmin())
        raise GraphFormatError(f"{name}[{row}]", "a finite number", str(values[row]))


def check_dropped(nodes: NodeTable, rows: csr_array, absolute: Float32[np.ndarray, " row"]) -> None:
    """Raise unless each row's recorded dropped mass can hold the net that its node shows."""
    dropped = np.flatnonzero(nodes.kind == NodeKind.DROPPED)
    if not len(dropped):
        if absolute.any():
            raise GraphFormatError("dropped_absolute", "0 without a dropped node", "more")
        return
    net = np.abs(rows[:, [int(dropped[0])]].toarray().reshape(-1).astype(np.float64))
    short = net > absolute * (1 + ROUNDING) + ROUNDING * 1e-3
    if short.any():
        row = int(short.argmax())
        raise GraphFormatError(
            f"dropped_absolute[{row}]",
            f"at least {net[row]:.6g}, the weight of the row's dropped node",
            f"{absolute[row]:.6g}",
        )


def check_given_up(
    given_up: Float32[np.ndarray, " row"], absolute: Float32[np.ndarray, " row"]
) -> None:
    """Raise unless what each row gave up lies between 0 and all that it lost."""
    wrong = (given_up < 0) | (given_up > absolute * (1 + ROUNDING))
    if wrong.any():
        row = int(wrong.argmax())
        raise GraphFormatError(
            f"given_up[{row}]",
            f"from 0 to {absolute[row]:.6g}, what the row lost",
            f"{given_up[row]:.6g}",
        )


def check_edges(nodes: NodeTable, rows: csr_array, row_nodes: Int32[np.ndarray, " row"]) -> None:
    """Raise unless every edge leads forward: from a lower layer, from no later a position.

    A graph of such edges has no cycle, and every walk in it is at most as long as the layers.
    """
    level = np.where(nodes.kind <= NodeKind.ERROR, nodes.layer, np.int16(-1)).astype(np.int32)
    level[nodes.kind == NodeKind.LOGIT] = ABOVE_ALL
    last = np.where(nodes.position < 0, ABOVE_ALL, nodes.position)
    for part in row_blocks(rows.indptr):
        _check_block(nodes, block(rows, part), row_nodes[part], level, last)


def _check_block(
    nodes: NodeTable,
    rows: csr_array,
    row_nodes: Int32[np.ndarray, " row"],
    level: Int32[np.ndarray, " node"],
    last: Int32[np.ndarray, " node"],
) -> None:
    """The rule of `check_edges` for some rows, given each node's level and last position."""
    counts = np.diff(rows.indptr)
    backward = level[rows.indices] >= np.repeat(level[row_nodes], counts)
    acausal = nodes.position[rows.indices] > np.repeat(last[row_nodes], counts)
    wrong = backward | acausal
    if wrong.any():
        edge = int(wrong.argmax())
        target = int(np.repeat(row_nodes, counts)[edge])
        source = int(rows.indices[edge])
        forward = "no edge from a later token" if acausal[edge] else "edges from a lower layer"
        raise GraphFormatError(
            "rows",
            f"{forward}, so that the graph has no cycle",
            f"{nodes.describe(source)} -> {nodes.describe(target)}",
        )
