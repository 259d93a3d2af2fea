"""Keeps the few nodes and edges that carry most of a graph's influence.

The published rule (Ameisen et al. 2025; the same numbers as circuit-tracer): keep the most
influential nodes up to a share of all influence, then the highest-scoring edges between them up
to a share of all scores, then remove what has lost its inputs or outputs.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, Int
from scipy.sparse import csr_array

from atlas.errors import BadInput
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.influence import (
    SMALLEST_ROW_SUM,
    AbsoluteRows,
    influence,
    layer_starts,
    logit_probabilities,
    pass_down,
    published_nodes,
)
from atlas.graphs.largest import largest
from atlas.graphs.row_blocks import row_blocks


@dataclass(frozen=True)
class PruneSettings:
    """How much of a graph pruning keeps; shares between 0 and 1, defaults as published."""

    node_threshold: float = 0.8  # share of all influence that the kept nodes hold
    edge_threshold: float = 0.98  # share of all edge scores that the kept edges hold

    def __post_init__(self) -> None:
        for name, share in asdict(self).items():
            if not 0 <= share <= 1:
                raise BadInput(name, "a share from 0 to 1", str(share))


def prune(graph: AttributionGraph, settings: PruneSettings | None = None) -> AttributionGraph:
    """The graph of its most influential nodes and edges; what they lose is dropped mass.

    Tokens and logits are always kept, so are constants, which belong to every row's sum.
    A threshold of 1 removes nothing; with both at 1 the graph comes back as it is.
    """
    settings = settings or PruneSettings()
    if settings.node_threshold == 1 and settings.edge_threshold == 1:
        return graph
    keep_nodes = nodes_to_keep(graph, settings.node_threshold)
    edges = edges_between(graph, keep_nodes)
    if settings.edge_threshold < 1:
        edges = edges_to_keep(graph, edges, settings.edge_threshold)
        keep_nodes, edges = without_dead_ends(graph, keep_nodes, edges)
    keep_edges = np.zeros(graph.rows.nnz, dtype=bool)
    keep_edges[edges] = True
    pruned = graph.subgraph(keep_nodes, keep_edges)
    header = graph.header
    recorded = {**header.settings, "pruning": asdict(settings)}
    return replace(pruned, header=replace(header, settings=recorded))


def nodes_to_keep(graph: AttributionGraph, threshold: float) -> Bool[np.ndarray, " node"]:
    """The most influential nodes holding `threshold` of all influence, and the fixed ones."""
    fixed = graph.nodes.kind >= NodeKind.TOKEN
    if threshold == 1:
        return np.ones(len(graph.nodes), dtype=bool)
    amounts = influence(graph)
    influential: np.ndarray = fixed | (published_nodes(graph) & largest(amounts, threshold))
    return influential


def edges_between(
    graph: AttributionGraph, keep_nodes: Bool[np.ndarray, " node"]
) -> Int[np.ndarray, " edge"]:
    """The edges whose two ends are kept, numbered as in `graph.edges`."""
    pointers, keep_row = graph.rows.indptr, keep_nodes[graph.row_nodes]
    found = [np.empty(0, dtype=np.int64)]
    for part in row_blocks(pointers):
        first, last = int(pointers[part.start]), int(pointers[part.stop])
        kept = np.repeat(keep_row[part], np.diff(pointers[part.start : part.stop + 1]))
        kept &= keep_nodes[graph.rows.indices[first:last]]
        found.append(first + np.flatnonzero(kept))
    return np.concatenate(found)


def rows_of(
    graph: AttributionGraph, edges: Int[np.ndarray, " some_edge"]
) -> Int[np.ndarray, " some_edge"]:
    """The row of each of these edges, found without the rows of all others."""
    rows: np.ndarray = np.searchsorted(graph.rows.indptr, edges, side="right") - 1
    return rows


def edges_to_keep(
    graph: AttributionGraph, candidates: Int[np.ndarray, " candidate"], threshold: float
) -> Int[np.ndarray, " kept"]:
    """The highest-scoring candidates holding `threshold` of all scores, and constants' edges.

    An edge's score is its share of its target's remaining input times the target's influence
    (a logit's probability), both measured anew among the candidates. Edges are numbered as in
    `graph.edges`. Only candidates are looked at: other edges' scores of 0 cannot pass.
    """
    published = published_nodes(graph)[graph.rows.indices[candidates]]
    chosen = candidates[published]
    scores = edge_scores(graph, chosen)
    high = chosen[largest(scores, threshold)]
    return np.sort(np.concatenate([candidates[~published], high]))


def edge_scores(
    graph: AttributionGraph, chosen: Int[np.ndarray, " chosen"]
) -> Float64[np.ndarray, " chosen"]:
    """The published score of each chosen edge, in a graph of these edges alone."""
    rows = rows_of(graph, chosen)
    absolute = np.abs(graph.rows.data[chosen])
    row_count = len(graph.row_nodes)
    counts = np.bincount(rows, minlength=row_count)
    row_sums = np.bincount(rows, absolute, row_count).astype(np.float64)  # int where empty
    pointers = np.concatenate([[0], np.cumsum(counts)])
    part = AbsoluteRows(
        matrix=csr_array((absolute, graph.rows.indices[chosen], pointers), shape=graph.rows.shape),
        row_nodes=graph.row_nodes,
        row_sums=row_sums,
        layer_starts=layer_starts(graph),
    )
    output = logit_probabilities(graph)
    reached = (pass_down(part, output) + output)[graph.row_nodes]
    per_unit = reached / np.maximum(row_sums, SMALLEST_ROW_SUM)
    scores: np.ndarray = absolute * per_unit[rows]
    return scores


def without_dead_ends(
    graph: AttributionGraph,
    keep_nodes: Bool[np.ndarray, " node"],
    edges: Int[np.ndarray, " edge"],
) -> tuple[Bool[np.ndarray, " node"], Int[np.ndarray, " kept"]]:
    """What remains when features lack neither inputs nor outputs, and errors no outputs.

    Each removal may leave another dead end, so this repeats until nothing changes. Constants'
    edges are no inputs in this sense: they go only when their target goes.
    """
    kind = graph.nodes.kind
    published = published_nodes(graph)[graph.rows.indices[edges]]
    chosen, others = edges[published], edges[~published]
    keep_nodes = keep_nodes.copy()
    while True:
        targets, sources = graph.row_nodes[rows_of(graph, chosen)], graph.rows.indices[chosen]
        has_output = np.zeros(len(kind), dtype=bool)
        has_output[sources] = True
        has_input = np.zeros(len(kind), dtype=bool)
        has_input[targets] = True
        dead = keep_nodes & (
            ((kind <= NodeKind.ERROR) & ~has_output) | ((kind == NodeKind.FEATURE) & ~has_input)
        )
        if not dead.any():
            break
        keep_nodes &= ~dead
        chosen = chosen[keep_nodes[targets] & keep_nodes[sources]]
    ends = graph.row_nodes[rows_of(graph, others)], graph.rows.indices[others]
    both = keep_nodes[ends[0]] & keep_nodes[ends[1]]
    return keep_nodes, np.sort(np.concatenate([chosen, others[both]]))
