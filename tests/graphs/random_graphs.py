"""Random layered graphs, drawn by hypothesis or from a seed."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from scipy.sparse import csr_array

from atlas.graphs.graph import AttributionGraph, GraphHeader, NodeKind, NodeTable
from tests.graphs.hand_graphs import C, D, E, F, L, T, node_table


def random_graph(seed, features=20, layers=4, positions=4, fill=0.5, untraced=0, constants=True):
    """A causal, layered graph; optionally some features have no row."""
    random = np.random.default_rng(seed)
    places = {
        (int(random.integers(layers)), int(random.integers(positions)), int(random.integers(99)))
        for _ in range(features)
    }
    entries = [(F, *place, float(random.random()), "") for place in sorted(places)]
    entries += [(E, layer, p, 0, 0.0, "") for layer in range(layers) for p in range(1, positions)]
    entries += [(T, -1, p, 10 + p, 0.0, "") for p in range(positions)]
    if constants:
        entries += [(C, -1, -1, 0, 0.0, "encoder_bias"), (C, -1, -1, 6, 0.0, "unembed_bias")]
        entries += [(D, -1, -1, 0, 0.0, "")]
    entries += [(L, -1, positions - 1, 3, 0.6, " a"), (L, -1, positions - 1, 4, 0.3, ' "b"')]
    nodes = node_table(entries)
    traced = np.flatnonzero(nodes.kind == F)[untraced:]
    row_nodes = np.concatenate([traced, np.flatnonzero(nodes.kind == L)]).astype(np.int32)
    allowed = allowed_edges(nodes, row_nodes) & (random.random((len(row_nodes), len(nodes))) < fill)
    weights = np.where(allowed, random.normal(size=allowed.shape), 0).astype(np.float32)
    dropped = np.flatnonzero(nodes.kind == D)
    absolute = np.zeros(len(row_nodes), np.float32)
    if len(dropped):
        absolute = (np.abs(weights[:, dropped[0]]) * 1.5).astype(np.float32)
    header = GraphHeader("m", "d", "prompt", tuple(f" t{p}" for p in range(positions)))
    return AttributionGraph(nodes, csr_array(weights), row_nodes, weights.sum(1), header, absolute)


def allowed_edges(nodes: NodeTable, row_nodes):
    """Which [row, node] pairs may carry an edge."""
    to_logit = (nodes.kind[row_nodes] == NodeKind.LOGIT)[:, None]
    layered = (nodes.kind <= NodeKind.ERROR)[None]
    forward = nodes.layer[None] < nodes.layer[row_nodes][:, None]
    causal = nodes.position[None] <= nodes.position[row_nodes][:, None]
    return (to_logit | ~layered | forward) & causal & (nodes.kind != NodeKind.LOGIT)[None]


# Settings for `random_graph`. Tests make the graph themselves, since the run-time type checker
# draws random numbers, which a hypothesis strategy must not.
graph_settings = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10**6),
        "features": st.integers(1, 25),
        "layers": st.integers(1, 5),
        "positions": st.integers(1, 5),
        "fill": st.sampled_from([0.1, 0.5, 0.9]),
        "untraced": st.integers(0, 2),
        "constants": st.booleans(),
    }
)
