"""How much each node of a graph moves the logits, over all paths.

With Â = |A|, each target's row scaled to sum to 1, and w the logits' probabilities, influence is
w(Â + Â² + …) (Ameisen et al. 2025). Rows are ordered by layer and every edge leads from a lower
layer to a higher one, so a single pass from the logits down gives the whole sum: when a row is
reached, all that flows into its node has already arrived.

Published definitions know features, errors and tokens only. So do the functions here that do
not say "strict": constants, dropped mass and features that were not traced take no part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int
from scipy.sparse import csr_array

from atlas.graphs.graph import AttributionGraph, NodeKind

# Below this a row's absolute sum counts as no input at all, as published.
SMALLEST_ROW_SUM = 1e-10


@dataclass(frozen=True, eq=False)
class AbsoluteRows:
    """The absolute weights of a graph, or of a part of its edges, ready to pass influence down."""

    pointers: Int[np.ndarray, " pointer"]
    sources: Int[np.ndarray, " edge"]
    absolute: Float32[np.ndarray, " edge"]
    row_nodes: Int[np.ndarray, " row"]
    row_sums: Float64[np.ndarray, " row"]  # what each row is scaled by
    # Row numbers that separate the layers, lowest first; the logits are the last block.
    layer_starts: Int[np.ndarray, " boundary"]


def influence(graph: AttributionGraph) -> Float64[np.ndarray, " node"]:
    """The published influence of every node; 0 for logits and for nodes that take no part."""
    included = published_nodes(graph)
    passed = pass_down(absolute_rows(graph, included), logit_probabilities(graph))
    return np.where(included, passed, 0.0)


def cumulative_influence(graph: AttributionGraph) -> Float64[np.ndarray, " node"]:
    """Per node, the share (0 to 1) of all influence held by it and by the more influential ones.

    Small means important: this is what the shared JSON format calls `influence`.
    """
    amounts = influence(graph)
    order = np.argsort(-amounts, kind="stable")
    shares = np.empty(len(amounts))
    shares[order] = np.cumsum(amounts[order]) / max(amounts.sum(), SMALLEST_ROW_SUM)
    return np.minimum(shares, 1.0)


def published_nodes(graph: AttributionGraph) -> Bool[np.ndarray, " node"]:
    """Which nodes the published definitions know: traced features, errors and tokens."""
    known = graph.nodes.kind <= NodeKind.TOKEN
    known[graph.feature_nodes] = False
    traced = graph.row_nodes[graph.nodes.kind[graph.row_nodes] == NodeKind.FEATURE]
    known[traced] = True
    return known


def logit_probabilities(graph: AttributionGraph) -> Float64[np.ndarray, " node"]:
    """The probability of each logit node, 0 on every other node."""
    is_logit = graph.nodes.kind == NodeKind.LOGIT
    return np.where(is_logit, graph.nodes.value.astype(np.float64), 0.0)


def absolute_rows(graph: AttributionGraph, included: Bool[np.ndarray, " node"]) -> AbsoluteRows:
    """All of a graph's rows, each to be scaled by its weights from the included sources."""
    absolute = np.abs(graph.edges.weights)
    matrix = csr_array((absolute, graph.rows.indices, graph.rows.indptr), shape=graph.rows.shape)
    return AbsoluteRows(
        pointers=graph.rows.indptr,
        sources=graph.rows.indices,
        absolute=absolute,
        row_nodes=graph.row_nodes,
        row_sums=matrix @ included.astype(np.float64),
        layer_starts=layer_starts(graph),
    )


def layer_starts(graph: AttributionGraph) -> Int[np.ndarray, " boundary"]:
    """The first row of each layer, then that of the logits, then the number of rows."""
    layer = graph.nodes.layer[graph.row_nodes].astype(np.int64)
    layer[graph.nodes.kind[graph.row_nodes] == NodeKind.LOGIT] = np.iinfo(np.int16).max + 1
    changes = np.flatnonzero(np.diff(layer)) + 1
    return np.concatenate([[0], changes, [len(layer)]])


def pass_down(
    rows: AbsoluteRows, output: Float64[np.ndarray, " node"]
) -> Float64[np.ndarray, " node"]:
    """What arrives at each node when `output` flows down the rows; `output` is not counted."""
    arrived = np.zeros(len(output))
    scale = np.divide(1.0, rows.row_sums, out=np.zeros(len(rows.row_sums)), where=rows.row_sums > 0)
    scale = np.minimum(scale, 1 / SMALLEST_ROW_SUM)
    for start, stop in reversed(list(zip(rows.layer_starts, rows.layer_starts[1:], strict=False))):
        first, last = rows.pointers[start], rows.pointers[stop]
        if first == last:
            continue
        block = csr_array(
            (
                rows.absolute[first:last],
                rows.sources[first:last],
                rows.pointers[start : stop + 1] - first,
            ),
            shape=(int(stop - start), len(output)),
        )
        targets = rows.row_nodes[start:stop]
        arrived += ((arrived + output)[targets] * scale[start:stop]) @ block
    return arrived
