"""Small graphs made by hand, whose every number can be followed on paper."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from atlas.graphs.graph import AttributionGraph, GraphHeader, NodeKind, NodeTable

F, E, T, C, D, L = (int(kind) for kind in NodeKind)


def node_table(entries):
    """A table from (kind, layer, position, index, value, label) entries."""
    kind, layer, position, index, value, label = zip(*entries, strict=True)
    return NodeTable(
        np.array(kind, np.int8),
        np.array(layer, np.int16),
        np.array(position, np.int32),
        np.array(index, np.int32),
        np.array(value, np.float32),
        tuple(label),
    )


def graph_from_edges(nodes, row_nodes, edges, **parts):
    """A graph from {(target, source): weight}; closed unless totals are given."""
    row_of = {node: row for row, node in enumerate(row_nodes)}
    dense = np.zeros((len(row_nodes), len(nodes)), np.float32)
    for (target, source), weight in edges.items():
        dense[row_of[target], source] = weight
    parts.setdefault("row_totals", dense.sum(1))
    parts.setdefault("header", a_header())
    return AttributionGraph(nodes, csr_array(dense), np.array(row_nodes, np.int32), **parts)


def a_header(tokens=("<s>", "Dallas"), **parts):
    return GraphHeader("microworld", "transcoders", "Dallas", tokens, **parts)


SMALL_NODES = [
    (F, 0, 1, 7, 2.0, ""),  # 0
    (F, 1, 1, 3, 1.0, ""),  # 1
    (E, 0, 1, 0, 0.0, ""),  # 2
    (T, -1, 0, 1, 0.0, ""),  # 3
    (T, -1, 1, 9, 0.0, ""),  # 4
    (C, -1, -1, 0, 0.0, "encoder_bias"),  # 5
    (L, -1, 1, 4, 0.75, " Austin"),  # 6
    (L, -1, 1, 5, 0.25, " Boston"),  # 7
]
SMALL_EDGES = {
    (0, 4): 3.0,
    (0, 5): -1.0,
    (1, 0): 2.0,
    (1, 2): -1.0,
    (1, 3): 0.5,
    (1, 5): 0.5,
    (6, 1): 4.0,
    (6, 0): 1.0,
    (6, 2): -2.0,
    (6, 4): 1.0,
    (7, 1): -2.0,
    (7, 5): 2.0,
}


def small_graph(**parts):
    """Two features, one error, two tokens, one constant, two logits."""
    return graph_from_edges(node_table(SMALL_NODES), [0, 1, 6, 7], SMALL_EDGES, **parts)
