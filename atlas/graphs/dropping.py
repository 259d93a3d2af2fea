"""Moves edges into a graph's dropped mass, so that rows stay closed while edges go."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float32, Float64
from scipy.sparse import csr_array

from atlas.graphs.nodes import NODE_DTYPES, NodeKind, NodeTable


def net_dropped(nodes: NodeTable, rows: csr_array) -> Float32[np.ndarray, " row"]:
    """Per row, the size of the dropped node's weight; 0 in a graph without such a node."""
    dropped = np.flatnonzero(nodes.kind == NodeKind.DROPPED)
    if not len(dropped):
        return np.zeros(rows.shape[0], np.float32)
    net: np.ndarray = np.abs(rows[:, [int(dropped[0])]].toarray().reshape(-1))
    return net


def with_dropped_node(nodes: NodeTable) -> NodeTable:
    """The table with a node for dropped mass, added before the logits if there is none."""
    if (nodes.kind == NodeKind.DROPPED).any():
        return nodes
    place = int(np.searchsorted(nodes.kind, NodeKind.DROPPED))
    new = {"kind": int(NodeKind.DROPPED), "layer": -1, "position": -1, "index": 0, "value": 0.0}
    columns = {
        name: np.insert(getattr(nodes, name), place, value).astype(NODE_DTYPES[name])
        for name, value in new.items()
    }
    return NodeTable(**columns, label=(*nodes.label[:place], "", *nodes.label[place:]))


def with_edges_dropped(
    rows: csr_array, kept: Bool[np.ndarray, " edge"], nodes: NodeTable
) -> tuple[csr_array, Float64[np.ndarray, " row"]]:
    """The rows whose edges outside `kept` are summed into the dropped node, and what each lost.

    `nodes` has a dropped node, which the rows may not know yet. What a row lost is the sum of
    the lost weights' sizes, in the unit of the row.
    """
    dropped = int(np.flatnonzero(nodes.kind == NodeKind.DROPPED)[0])
    count = rows.shape[0]
    edge_rows = np.repeat(np.arange(count), np.diff(rows.indptr))
    # Summed in float64, so that many small lost edges do not open the row.
    gone = rows.data[~kept].astype(np.float64)
    net = np.bincount(edge_rows[~kept], gone, count)
    absolute = np.bincount(edge_rows[~kept], np.abs(gone), count).astype(np.float64)
    # Sources stand before logits, so a new dropped node leaves their columns where they are.
    coordinates = (
        np.concatenate([edge_rows[kept], np.arange(count)]),
        np.concatenate([rows.indices[kept], np.full(count, dropped)]),
    )
    values = np.concatenate([rows.data[kept].astype(np.float64), net])
    widened = csr_array((values, coordinates), shape=(count, len(nodes)))
    return widened.astype(np.float32), absolute
