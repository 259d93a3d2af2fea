"""Whether a circuit's parts are all that there is to it, read off one graph.

A circuit C is complete if it goes on behaving like the whole model M when some of its parts K are
taken away: F(C \\ K) is close to F(M \\ K) for all K (Wang et al. 2022, 2211.00593). Here F is what
the logits are, weighted by their probabilities, in the model that the graph describes: attention
and norms as they were, features that are taken away at 0, every other one at what its row gives
then, and at 0 where that changes sign. The gap of a K is |F(C \\ K) − F(M \\ K)| over
|F(M) − F(∅)|, with no feature left in F(∅); errors, tokens and constants stay.

It says something of the graph and is never evidence for a claim.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int

from atlas.errors import GraphError
from atlas.graphs.graph import AttributionGraph
from atlas.graphs.influence import layer_starts, logit_probabilities

MOST_SUBSETS = 64  # all of up to six parts; of more parts as many random ones, the empty one first
SMALLEST_CHANGE = 1e-12  # of the logits, below which features do nothing that could be explained


@dataclass(frozen=True)
class CircuitCompleteness:
    """1 where the parts do what the whole graph does; below 0 where they do worse than nothing."""

    circuit_completeness: float  # 1 − the mean gap over the subsets
    worst: float  # 1 − the largest gap
    subsets: int  # sets of parts that were taken away


def circuit_completeness(
    graph: AttributionGraph, parts: Mapping[str, Int[np.ndarray, " _member"]], seed: int = 0
) -> CircuitCompleteness:
    """How completely some parts, given as nodes of a graph, stand for all its features.

    Raises:
        GraphError: no part has a node, a feature's activation is not known, or without any
            feature the logits are the same.
    """
    if not any(len(nodes) for nodes in parts.values()):
        raise GraphError("circuit completeness", "parts with nodes in the graph", "none")
    if not graph.nodes.value[graph.feature_nodes].all():
        raise GraphError("circuit completeness", "an activation for each feature", "0 or unknown")
    everything = np.ones(len(graph.nodes), dtype=bool)
    whole, none = _without(graph, everything, []), np.zeros_like(everything)
    scale = abs(_logits(graph, whole) - _logits(graph, none))
    if not scale > SMALLEST_CHANGE:
        raise GraphError("circuit completeness", "features that move a logit", "none")
    inside = _members(none, list(parts.values()))
    gaps = []
    for taken in _subsets(list(parts.values()), np.random.default_rng(seed)):
        circuit, model = (_without(graph, each, taken) for each in (inside, everything))
        gaps.append(abs(_logits(graph, circuit) - _logits(graph, model)) / scale)
    return CircuitCompleteness(float(1 - np.mean(gaps)), float(1 - np.max(gaps)), len(gaps))


def _subsets(
    parts: Sequence[Int[np.ndarray, " _member"]], generator: np.random.Generator
) -> list[list[Int[np.ndarray, " _member"]]]:
    if 2 ** len(parts) <= MOST_SUBSETS:
        sizes = range(len(parts) + 1)
        return [list(each) for size in sizes for each in itertools.combinations(parts, size)]
    masks: dict[bytes, np.ndarray] = {bytes(len(parts)): np.zeros(len(parts), dtype=bool)}
    while len(masks) < MOST_SUBSETS:
        mask = generator.random(len(parts)) < 0.5
        masks[mask.tobytes()] = mask
    return [list(itertools.compress(parts, mask)) for mask in masks.values()]


def _members(
    none: Bool[np.ndarray, " node"], parts: Sequence[Int[np.ndarray, " _member"]]
) -> Bool[np.ndarray, " node"]:
    found = none.copy()
    for nodes in parts:
        found[nodes] = True
    return found


def _without(
    graph: AttributionGraph,
    kept: Bool[np.ndarray, " node"],
    taken: Sequence[Int[np.ndarray, " _member"]],
) -> Bool[np.ndarray, " node"]:
    """Which nodes are left: those that are kept, less those that are taken away."""
    gone = _members(np.zeros(len(graph.nodes), dtype=bool), taken)
    return np.asarray(kept & ~gone)


def _logits(graph: AttributionGraph, left: Bool[np.ndarray, " node"]) -> float:
    """By how much the logits change, weighted by probability, when only these features are left."""
    share = np.ones(len(graph.nodes))  # of its activation that a node has
    share[graph.feature_nodes] = left[graph.feature_nodes]
    change = np.zeros(len(graph.nodes))
    starts = layer_starts(graph)
    for start, stop in itertools.pairwise(starts):
        rows = slice(int(start), int(stop))
        nodes = graph.row_nodes[rows]
        change[nodes] = graph.rows[rows] @ (share - 1)
        live = nodes[np.isin(nodes, graph.feature_nodes) & left[nodes]]
        share[live] = np.maximum(1 + change[live] / graph.nodes.value[live], 0)
    weight: Float64[np.ndarray, " node"] = logit_probabilities(graph)
    return float(weight @ change / weight.sum()) if weight.sum() > 0 else 0.0
