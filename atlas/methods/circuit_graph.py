"""A circuit's graph: traced on one discovery prompt, read part by part, pruned to be drawn.

What the graph says about parts is shown beside the claims and is never evidence for them: a graph
explains one prompt with attention held fixed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from jaxtyping import Int

from atlas.entries.circuit import Circuit
from atlas.errors import EntryError
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.prune import PruneSettings, edges_to_keep, nodes_to_keep, without_dead_ends
from atlas.graphs.scores import GraphScores, score
from atlas.methods.attribute import AttributionSettings
from atlas.methods.attribution.logit_places import TokenTarget
from atlas.methods.attribution.targets import GivenTokens, SalientTokens, TokenDifference
from atlas.methods.claims.instances import Instance, positions
from atlas.methods.sae_attribution.settings import SaeAttributionSettings
from atlas.methods.trace import trace
from atlas.models.dictionaries import Dictionary, SparseAutoencoderSet
from atlas.models.language_model import LanguageModel

ANSWER = "answer"
"""Stands for the graph's logits where a part's influence on the answer is meant."""


@dataclass(frozen=True)
class PartEdge:
    """What one part contributes to another in one graph."""

    source: str
    target: str  # a part, or `answer` for the logits
    weight: float  # sum over pairs of nodes, in the unit of the target's pre-activations
    share: float  # weight over the absolute sum of all that the target's nodes receive
    expected: str  # positive | negative, "" where the circuit expects nothing
    as_expected: bool | None  # None where nothing is expected


@dataclass(frozen=True)
class CircuitGraph:
    """The graph of one prompt with its scores, and what is drawn of it."""

    whole: AttributionGraph
    drawn: AttributionGraph  # pruned; nodes of parts are always kept
    scores: GraphScores  # of the whole graph
    part_nodes: Mapping[str, Int[np.ndarray, " node"]]  # nodes of the whole graph
    edges: tuple[PartEdge, ...]


def trace_circuit(
    model: LanguageModel, dictionary: Dictionary, circuit: Circuit, instance: Instance
) -> CircuitGraph:
    """The circuit's graph on one of its rows; approximate where its features are autoencoders'.

    Raises:
        EntryError: a part acts at an entity that the row does not have, or the target needs a foil.
    """
    target = target_of(circuit, instance)
    approximate = isinstance(dictionary, SparseAutoencoderSet)
    settings = SaeAttributionSettings(target) if approximate else AttributionSettings(target)
    whole = trace(model, dictionary, instance.ids, settings)
    header = replace(whole.header, model=circuit.model, dictionary=circuit.dictionary)
    whole = replace(whole, header=replace(header, prompt=instance.row.text))
    nodes = part_nodes(whole, circuit, instance)
    return CircuitGraph(
        whole=whole,
        drawn=draw(whole, np.concatenate([[], *nodes.values()]).astype(np.int64)),
        scores=score(whole),
        part_nodes=nodes,
        edges=part_edges(whole, circuit, nodes),
    )


def target_of(circuit: Circuit, instance: Instance) -> TokenTarget:
    """What the circuit's graph explains on this row."""
    if circuit.target == "answer":
        return GivenTokens((instance.target_id,))
    if circuit.target == "salient":
        return SalientTokens()
    if instance.foil_id is None:
        raise EntryError(
            f"circuit {circuit.id}: prompt {instance.row.id}",
            "a foil, because the target is the difference of two answers",
            "none",
            "add foil to the row, or change target",
        )
    return TokenDifference(instance.target_id, instance.foil_id)


def part_nodes(
    graph: AttributionGraph, circuit: Circuit, instance: Instance
) -> dict[str, Int[np.ndarray, " node"]]:
    """The graph's feature nodes of each part, at the part's positions in this row."""
    features = graph.nodes_of(NodeKind.FEATURE)
    nodes = graph.nodes
    keys = {
        (int(nodes.layer[node]), int(nodes.index[node]), int(nodes.position[node])): int(node)
        for node in features
    }
    return {
        part.id: np.array(
            sorted(
                keys[feature.layer, feature.index, position]
                for position in positions(instance, part.position)
                for feature in part.features_for(instance.row.entities)
                if (feature.layer, feature.index, position) in keys
            ),
            dtype=np.int64,
        )
        for part in circuit.parts
    }


def part_edges(
    graph: AttributionGraph, circuit: Circuit, nodes: Mapping[str, Int[np.ndarray, " node"]]
) -> tuple[PartEdge, ...]:
    """The edges that the circuit expects, then what each part gives to the answer directly."""
    groups = {**nodes, ANSWER: graph.logit_nodes}
    wanted = [(edge.source, edge.target, str(edge.sign)) for edge in circuit.edges]
    named = {(source, target) for source, target, _ in wanted}
    wanted += [(part, ANSWER, "") for part in nodes if (part, ANSWER) not in named]
    return tuple(_part_edge(graph, groups, each) for each in wanted)


def _part_edge(
    graph: AttributionGraph,
    groups: Mapping[str, Int[np.ndarray, " node"]],
    wanted: tuple[str, str, str],
) -> PartEdge:
    source, target, sign = wanted
    edges = graph.edges
    into = np.isin(edges.targets, groups[target])
    received = float(np.abs(edges.weights[into]).sum(dtype=np.float64))
    between = into & np.isin(edges.sources, groups[source])
    weight = float(edges.weights[between].sum(dtype=np.float64))
    return PartEdge(
        source=source,
        target=target,
        weight=weight,
        share=weight / received if received else 0.0,
        expected=sign,
        as_expected=None if not sign else (weight > 0 if sign == "positive" else weight < 0),
    )


def draw(
    graph: AttributionGraph,
    keep: Int[np.ndarray, " node"],
    settings: PruneSettings = PruneSettings(),  # noqa: B008  frozen, so safe to share
) -> AttributionGraph:
    """The pruned graph by the published rule, with these nodes kept whatever their influence."""
    kept_nodes = nodes_to_keep(graph, settings.node_threshold)
    kept_nodes[keep] = True
    ends = graph.edges
    edges = np.flatnonzero(kept_nodes[ends.sources] & kept_nodes[ends.targets])
    edges = edges_to_keep(graph, edges, settings.edge_threshold)
    kept_nodes, edges = without_dead_ends(graph, kept_nodes, edges)
    kept_nodes[keep] = True
    kept_edges = np.zeros(len(ends.weights), dtype=bool)
    kept_edges[edges] = True
    pruned = graph.subgraph(kept_nodes, kept_edges)
    recorded = {**graph.header.settings, "pruning": asdict(settings)}
    return replace(pruned, header=replace(pruned.header, settings=recorded))


def edge_table(edges: Sequence[PartEdge]) -> list[dict[str, object]]:
    """The edges as JSON values."""
    return [asdict(edge) for edge in edges]
