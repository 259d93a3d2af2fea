"""A made-up attribution graph with a wanted number of nodes and edges, for the explorer.

Layers, positions and heavy-tailed weights as in `layered_graph`; each row has as many sources as
its share of the edges allows, drawn at random from what may lead into it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int
from scipy.sparse import csr_array

from atlas.graphs.graph import AttributionGraph, GraphHeader, NodeKind
from benchmarks.layered_graph import Layered, places
from benchmarks.ours.prune import nodes_of

TOKENS = ("The", "capital", "of", "the", "state", "containing", "Dallas", "is")


def sparse_graph(nodes: int, edges: int, layers: int = 26, positions: int = 32) -> AttributionGraph:
    """A graph of that many nodes and edges; the same for the same numbers."""
    logits = 10
    wanted = Layered(nodes - logits - (layers + 1) * positions, layers, positions, logits)
    table = nodes_of(wanted)
    targets = np.flatnonzero((table.kind == NodeKind.FEATURE) | (table.kind == NodeKind.LOGIT))
    rows = rows_of(wanted, targets, edges)
    totals = np.asarray(rows.sum(axis=1)).reshape(-1).astype(np.float32)
    tokens = tuple(
        f"{TOKENS[at % len(TOKENS)]}{at // len(TOKENS) or ''}" for at in range(positions)
    )
    header = GraphHeader("made-up", "transcoders", " ".join(tokens), tokens)
    return AttributionGraph(table, rows, targets.astype(np.int32), totals, header)


def rows_of(wanted: Layered, targets: Int[np.ndarray, " row"], edges: int) -> csr_array:
    """Each target's sources and weights."""
    drawn = np.random.default_rng(wanted.seed)
    layer, position = places(wanted)
    strength = np.exp(1.5 * drawn.standard_normal(wanted.sources))
    columns, pointers = [], [0]
    for row, target in enumerate(targets):
        logit = target >= wanted.sources
        reach = (wanted.layers, wanted.positions) if logit else (layer[target], position[target])
        allowed = np.flatnonzero((layer < reach[0]) & (position <= reach[1]))
        left = (edges - pointers[-1]) / (len(targets) - row)
        count = min(len(allowed), max(1, round(left * drawn.uniform(0.5, 1.5))))
        columns.append(np.sort(drawn.choice(allowed, count, replace=False)))
        pointers.append(pointers[-1] + count)
    sources = np.concatenate(columns)
    weights = (drawn.standard_normal(len(sources)) ** 3 * strength[sources]).astype(np.float32)
    shape = (len(targets), wanted.sources + wanted.logits)
    return csr_array((weights, sources, np.array(pointers)), shape=shape)
