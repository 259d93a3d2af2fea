"""A graph made small enough to draw, with the part of each node and the share of each edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from atlas.entries.circuit import Circuit
from atlas.entries.prompts import PromptRow
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.influence import influence, logit_probabilities
from atlas.graphs.prune import nodes_to_keep
from site_builder.part_nodes import part_nodes
from site_builder.pictures.graph_layout import GraphLayout, lay_out

MOST_NODES = 180  # features and errors; more cannot be told apart on a screen
THRESHOLDS = (0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)  # node thresholds to try, in turn
MOST_EDGES = 1200  # in the page's data, strongest shares first


@dataclass(frozen=True, eq=False)
class DrawnGraph:
    """What the picture shows, and what it left out."""

    graph: AttributionGraph
    layout: GraphLayout
    part: Int[np.ndarray, " node"]  # number of the node's part, -1 for none
    members: Mapping[str, Int[np.ndarray, " node"]]  # nodes of each part, in the drawn graph
    targets: Int[np.ndarray, " edge"]  # nodes
    sources: Int[np.ndarray, " edge"]
    weights: Float64[np.ndarray, " edge"]  # unit of the target
    shares: Float64[np.ndarray, " edge"]  # signed, of the target's absolute input
    importance: Float64[np.ndarray, " edge"]  # |share| times what the target does to the answers
    features_before: int  # feature nodes before anything was left out
    node_threshold: float  # share of influence that was kept


def draw_graph(graph: AttributionGraph, circuit: Circuit, row: PromptRow | None) -> DrawnGraph:
    """The graph, pruned until it can be drawn; nodes of parts are never left out first."""
    whole = part_nodes(graph, circuit, row).values()
    kept = np.concatenate([np.zeros(0, dtype=np.int64), *whole])
    small, threshold = small_enough(graph, kept)
    members = part_nodes(small, circuit, row)
    part = np.full(len(small.nodes), -1)
    for number, each in enumerate(circuit.parts):
        part[members[each.id]] = number
    targets, sources, weights, shares = strongest_edges(small)
    reached = influence(small) + logit_probabilities(small)
    return DrawnGraph(
        graph=small,
        layout=lay_out(small),
        part=part,
        members=members,
        targets=targets,
        sources=sources,
        weights=weights,
        shares=shares,
        importance=np.abs(shares) * reached[targets],
        features_before=len(graph.feature_nodes),
        node_threshold=threshold,
    )


def small_enough(
    graph: AttributionGraph, kept: Int[np.ndarray, " node"]
) -> tuple[AttributionGraph, float]:
    """The least pruned form of the graph that can be drawn, and its node threshold.

    The nodes in `kept`, those of parts, stay whatever their influence.
    """
    recorded = graph.header.settings.get("pruning")
    if count_placed(graph) <= MOST_NODES and isinstance(recorded, Mapping):
        return graph, float(recorded.get("node_threshold", 1.0))
    for threshold in THRESHOLDS:
        keep = nodes_to_keep(graph, threshold)
        keep[kept] = True
        small = graph.subgraph(keep)
        if count_placed(small) <= MOST_NODES:
            break
    return small, threshold


def count_placed(graph: AttributionGraph) -> int:
    """How many nodes would stand in the layers."""
    return int((graph.nodes.kind <= NodeKind.ERROR).sum())


def strongest_edges(
    graph: AttributionGraph,
) -> tuple[
    Int[np.ndarray, " edge"],
    Int[np.ndarray, " edge"],
    Float64[np.ndarray, " edge"],
    Float64[np.ndarray, " edge"],
]:
    """The edges with the largest shares: targets, sources, weights, shares."""
    edges = graph.edges
    weights = edges.weights.astype(np.float64)
    known = graph.nodes.kind[edges.sources] != NodeKind.DROPPED
    totals = np.zeros(len(graph.nodes))
    np.add.at(totals, edges.targets[known], np.abs(weights[known]))
    totals[graph.row_nodes] += graph.lost_mass
    shares = weights / np.maximum(totals[edges.targets], 1e-12)
    chosen = np.sort(np.argsort(-np.abs(shares), kind="stable")[:MOST_EDGES])
    return edges.targets[chosen], edges.sources[chosen], weights[chosen], shares[chosen]
