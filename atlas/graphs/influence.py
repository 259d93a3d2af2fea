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
from jaxtyping import Bool, Float64, Int
from scipy.sparse import csr_array

from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.row_blocks import absolute_block, row_blocks

# Below this a row's absolute sum counts as no input at all, as published.
SMALLEST_ROW_SUM = 1e-10


@dataclass(frozen=True, eq=False)
class AbsoluteRows:
    """A graph's rows, or a part of its edges, ready to pass influence down by absolute weight."""

    matrix: csr_array  # float32 [row, node], with signs: absolute values are made block by block
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
    return AbsoluteRows(
        matrix=graph.rows,
        row_nodes=graph.row_nodes,
        row_sums=absolute_sums(graph, included),
        layer_starts=layer_starts(graph),
    )


def absolute_sums(
    graph: AttributionGraph, included: Bool[np.ndarray, " node"]
) -> Float64[np.ndarray, " row"]:
    """Per row, the sum of the absolute weights of its edges from the included sources."""
    counted, rows = included.astype(np.float64), graph.rows
    sums = np.zeros(rows.shape[0])
    for part in row_blocks(rows.indptr):
        sums[part] = absolute_block(rows, part) @ counted
    return sums


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
    scale = shares_of(rows.row_sums)
    for start, stop in reversed(list(zip(rows.layer_starts, rows.layer_starts[1:], strict=False))):
        layer = slice(int(start), int(stop))
        passed = (arrived + output)[rows.row_nodes[layer]] * scale[layer]
        # What a layer gives never comes back to it, so parts of a layer may follow each other.
        for part in row_blocks(rows.matrix.indptr, layer):
            block = absolute_block(rows.matrix, part)
            arrived += passed[part.start - layer.start : part.stop - layer.start] @ block
    return arrived


def shares_of(row_sums: Float64[np.ndarray, " row"]) -> Float64[np.ndarray, " row"]:
    """What one unit of weight is of its row; 0 in empty rows."""
    scale = np.divide(1.0, row_sums, out=np.zeros(len(row_sums)), where=row_sums > 0)
    shares: np.ndarray = np.minimum(scale, 1 / SMALLEST_ROW_SUM)
    return shares
