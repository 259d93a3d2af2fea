"""What the small weights that rows gave up can change, as bounds from recorded numbers.

A row i keeps absolute weights that sum to r over the sources that the published definitions know,
and gave up weights that sum to at most d (`given_up`). With nothing given up its shares would be

    p[i] = (1 - e) p'[i] + e q[i],    p' the shares as they are,  q those of what was given up,

with e <= d / (r + d) =: e[i]. So the walk of `ranking` in the whole graph (from a logit chosen by
probability, from target to source by shares) can be drawn thus: at row i, with probability e, step
by q and be called lost; otherwise step by p'. Until it is lost it is the walk of the sparse graph.
The chance that it is ever lost is at most the *given-up mass*

    B = Σ_i k[i] e[i] / Σ p[logits],    k = p[logits] + influence with rows scaled by r + d,

since k[i] is the chance to come to row i unlost, and a larger e loses more. Both walks are the same
up to that, with I the influence per Σ p[logits] in the whole graph and I' in this one, and since no
walk meets a node or an edge twice:

- |I[v] - I'[v]| <= B for every node v, and for every set of which a walk meets at most one, such as
  all tokens or all nodes of a layer; so, too, for the score of every edge.
- A walk meets at most D nodes below its logit (a feature of each layer, one end). What a set of
  nodes holds of all influence T' = Σ I' is off by at most B D / T': with x of it inside the set and
  y outside, at most B D of each walk's x + y is exchanged, so the worst is (x + B D) / (x + y).
  That holds for the nodes that pruning keeps, and for what the n most influential nodes hold.
- Replacement, tokens / (tokens + errors), is off by at most B / (I'[tokens] + I'[errors]), in the
  same way.
- Completeness is 1 - E / N with E = I[errors] and N the mean number of nodes on a walk, of which
  |E - E'| <= B and |N - N'| <= B D. So it is off by at most (B + (E' / N') B D) / (N' - B D).
- Strict shares of tokens, errors and constants count what was given up as dropped. So they are too
  small, together by at most the same sum over strict rows, which are scaled by all they ever had.

"The whole graph" has the same nodes and edges and what its rows gave up besides. In a pruned graph
the bounds hold for the nodes that were kept; they do not say which others might have been.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.influence import (
    AbsoluteRows,
    absolute_rows,
    influence,
    logit_probabilities,
    pass_down,
    published_nodes,
)
from atlas.graphs.scores import strict_rows


@dataclass(frozen=True)
class GivenUpBounds:
    """By how much each number can be off at most; shares from 0 to 1."""

    influence: float  # of any node, or the score of any edge, per sum of the logits' probabilities
    held_share: float  # what a set of nodes, such as those that pruning keeps, holds of all
    replacement: float
    graph_completeness: float
    strict_shares: float  # by which those of tokens, errors and constants together are too small


def bounds(graph: AttributionGraph) -> GivenUpBounds | None:
    """What the graph's numbers can be off by; None where no row gave up anything."""
    output = logit_probabilities(graph)
    if graph.given_up is None or not output.sum() > 0:
        return None
    mass = given_up_mass(graph)
    reached = influence(graph) / output.sum()
    kind = graph.nodes.kind
    errors = float(reached[kind == NodeKind.ERROR].sum())
    ends = errors + float(reached[kind == NodeKind.TOKEN].sum())
    below = float(reached.sum())
    steps = mass * (len(absolute_rows(graph, published_nodes(graph)).layer_starts) - 1)
    on_walk = 1 + below
    shorter = max(1.0, on_walk - steps)
    return GivenUpBounds(
        influence=mass,
        held_share=_share(steps, below),
        replacement=_share(mass, ends),
        graph_completeness=min(1.0, (mass + errors / on_walk * steps) / shorter),
        strict_shares=lost_mass(graph, strict_rows(graph)),
    )


def given_up_mass(graph: AttributionGraph) -> float:
    """B: by how much any node's influence can be off, per sum of the logits' probabilities."""
    if graph.given_up is None:
        return 0.0
    rows = absolute_rows(graph, published_nodes(graph))
    whole = replace(rows, row_sums=rows.row_sums + graph.given_up)
    return lost_mass(graph, whole)


def lost_mass(graph: AttributionGraph, rows: AbsoluteRows) -> float:
    """The chance that a walk takes a step that was given up, where these sums scale the rows."""
    output = logit_probabilities(graph)
    if graph.given_up is None or not output.sum() > 0:
        return 0.0
    lost: Float64[np.ndarray, " row"] = np.divide(
        graph.given_up, rows.row_sums, out=np.zeros(len(rows.row_sums)), where=rows.row_sums > 0
    )
    reached = (pass_down(rows, output) + output)[graph.row_nodes]
    return min(1.0, float((reached * lost).sum() / output.sum()))


def with_given_up_mass(graph: AttributionGraph) -> AttributionGraph:
    """The graph whose header records its given-up mass beside what was traced."""
    provenance = graph.header.provenance
    tracing = {**provenance.get("tracing", {}), "given_up_mass": given_up_mass(graph)}
    header = replace(graph.header, provenance={**provenance, "tracing": tracing})
    return replace(graph, header=header)


def _share(part: float, whole: float) -> float:
    return 1.0 if part >= whole else part / whole
