"""How much of the logits a graph explains, by the published measures and by strict ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from atlas.errors import GraphError
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.influence import (
    SMALLEST_ROW_SUM,
    AbsoluteRows,
    absolute_rows,
    absolute_sums,
    influence,
    logit_probabilities,
    pass_down,
    published_nodes,
)


@dataclass(frozen=True)
class GraphScores:
    """Six shares between 0 and 1; the last four sum to 1."""

    replacement: float  # influence that starts at tokens, of that at tokens and errors
    graph_completeness: float  # input that does not come from errors, averaged by influence
    token_share: float  # of all paths into the logits, those that start at a token
    error_share: float  # … at what the dictionary did not reconstruct
    constant_share: float  # … at a bias, a position embedding or the first position's MLP
    dropped_share: float  # … at mass whose origin the graph no longer or never knew


def score(graph: AttributionGraph) -> GraphScores:
    """The published and the strict scores of a graph.

    Raises GraphError if the graph has no logit with a probability, or nothing leads to one.
    """
    output = logit_probabilities(graph)
    if not output.sum() > 0:
        raise GraphError("scores", "a logit with a probability above 0", "none in the graph")
    replacement, graph_completeness = published_scores(graph, output)
    return GraphScores(replacement, graph_completeness, *strict_shares(graph, output))


def published_scores(
    graph: AttributionGraph, output: Float64[np.ndarray, " node"]
) -> tuple[float, float]:
    """Replacement and graph completeness as circuit-tracer defines them.

    Completeness averages over all nodes, leaves included, whose error input is 0 by construction.
    """
    reached = influence(graph)
    from_tokens = reached[graph.nodes.kind == NodeKind.TOKEN].sum()
    from_errors = reached[graph.nodes.kind == NodeKind.ERROR].sum()
    if not from_tokens + from_errors > 0:
        raise GraphError("scores", "a path from a token or an error to a logit", "none")
    is_error = graph.nodes.kind == NodeKind.ERROR
    all_input = absolute_sums(graph, published_nodes(graph))
    error_share = absolute_sums(graph, is_error) / np.maximum(all_input, SMALLEST_ROW_SUM)
    weight = reached + output
    explained = weight.sum() - (error_share * weight[graph.row_nodes]).sum()
    return (
        float(from_tokens / (from_tokens + from_errors)),
        float(explained / weight.sum()),
    )


def strict_shares(
    graph: AttributionGraph, output: Float64[np.ndarray, " node"]
) -> tuple[float, float, float, float]:
    """Where the paths into the logits start: tokens, errors, constants, dropped mass.

    Every row is scaled by all that it ever had: its weights and the absolute mass it lost.
    Paths that end at a feature without inputs count as dropped, so the shares sum to 1.
    """
    kind = graph.nodes.kind
    rows = strict_rows(graph)
    reached = pass_down(rows, output)
    weight = (reached + output)[graph.row_nodes]
    has_input = rows.row_sums > 0
    lost_share = np.divide(
        graph.lost_mass, rows.row_sums, out=np.ones(len(weight)), where=has_input
    )
    untraced = (kind == NodeKind.FEATURE) & ~published_nodes(graph)
    dropped = (lost_share * weight).sum() + reached[untraced].sum()
    amounts = [reached[kind == which].sum() for which in LEAVES] + [dropped]
    return tuple(float(amount / sum(amounts)) for amount in amounts)  # type: ignore[return-value]


LEAVES = (NodeKind.TOKEN, NodeKind.ERROR, NodeKind.CONSTANT)


def strict_rows(graph: AttributionGraph) -> AbsoluteRows:
    """A graph's rows, scaled by everything in them; dropped mass by its absolute sum."""
    whole = absolute_rows(graph, graph.nodes.kind != NodeKind.DROPPED)
    return AbsoluteRows(
        whole.matrix,
        whole.row_nodes,
        whole.row_sums + graph.lost_mass,
        whole.layer_starts,
    )
