"""Attaches the links of a shared graph file to its nodes, even where two nodes share an id.

Files hold up to millions of links, so links are handled as columns; only those of a shared id
are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int

from atlas.errors import AmbiguousNode, GraphFormatError
from atlas.graphs.neuronpedia_file import FileLinks
from atlas.graphs.nodes import NodeKind, NodeTable


@dataclass(frozen=True, eq=False)
class NodeNames:
    """The nodes of a file by the ids that it gives them."""

    nodes: NodeTable
    bearers: Mapping[str, Sequence[int]]  # an id and the nodes that bear it
    file_order: Int[np.ndarray, " node"]  # the place of each node in the file

    def describe(self, name: str) -> str:
        """The nodes that bear an id, in words."""
        return " or ".join(self.nodes.describe(node) for node in self.bearers[name])


@dataclass(frozen=True, eq=False)
class AttachedLinks:
    """Links whose ends are nodes; a source is -1 while its id could mean several."""

    names: tuple[tuple[str, str], ...]  # (source, target) as in the file
    sources: Int[np.ndarray, " link"]
    targets: Int[np.ndarray, " link"]
    weights: Float64[np.ndarray, " link"]


def attach_links(links: FileLinks, names: NodeNames) -> tuple[AttachedLinks, list[str]]:
    """The links between nodes, each pair once, and what was repaired on the way, in words.

    Repairs: weights of 0 are left out (tools write them for pairs that are no edge, also
    backwards and onto themselves), links to nodes that the file lacks too, and one of two equal
    links. Raises GraphFormatError for two links that differ and AmbiguousNode for an id of two
    nodes where neither direction nor order tells which is meant.
    """
    ends = zip(links.sources, links.targets, strict=True)
    known = np.array([s in names.bearers and t in names.bearers for s, t in ends], dtype=bool)
    real = known & (links.weights != 0)
    chosen = [(links.sources[place], links.targets[place]) for place in np.flatnonzero(real)]
    target_of = {target: the_target(source, target, names) for source, target in chosen}
    source_of = {name: nodes[0] if len(nodes) == 1 else -1 for name, nodes in names.bearers.items()}
    attached = AttachedLinks(
        names=tuple(chosen),
        sources=np.array([source_of[source] for source, _ in chosen], dtype=np.int64),
        targets=np.array([target_of[target] for _, target in chosen], dtype=np.int64),
        weights=links.weights[real],
    )
    shared = np.flatnonzero(attached.sources < 0)
    attached = with_shared_sources(attached, shared, names)
    once = first_of_each(attached)
    counts = {
        "links to nodes that the file lacks were left out": np.count_nonzero(~known),
        "links of weight 0 were left out": np.count_nonzero(known & ~real),
        "repetitions of a link were left out": np.count_nonzero(~once),
        "links of an id shared by two nodes were attached by direction and order": len(shared),
    }
    kept = AttachedLinks(
        tuple(name for name, keep in zip(attached.names, once, strict=True) if keep),
        attached.sources[once],
        attached.targets[once],
        attached.weights[once],
    )
    return kept, [f"{count:,} {words}" for words, count in counts.items() if count]


def the_target(source: str, target: str, names: NodeNames) -> int:
    """The node that a link leads to: of nodes with one id, the one that can have inputs."""
    kinds = names.nodes.kind
    bearers = names.bearers[target]
    able = [node for node in bearers if kinds[node] in (NodeKind.FEATURE, NodeKind.LOGIT)]
    if len(able) > 1:
        raise AmbiguousNode(
            f"link {source} -> {target}", "one node of that id", names.describe(target)
        )
    if not able:
        raise GraphFormatError(
            f"link {source} -> {target}",
            "a feature or a logit as target",
            names.describe(target),
        )
    return able[0]


def with_shared_sources(
    links: AttachedLinks, shared: Int[np.ndarray, " shared"], names: NodeNames
) -> AttachedLinks:
    """The links with the sources of these places found.

    First by direction: a source lies in a lower layer than its target. Then by order: files that
    list each target's sources in node order show by the neighbours which node is meant.
    """
    if not len(shared):
        return links
    order = np.where(links.sources >= 0, names.file_order[links.sources], -1)
    ordered = follows_file_order(links.targets, order)
    sources = links.sources.copy()
    for place in shared.tolist():
        name, target_name = links.names[place]
        target = int(links.targets[place])
        candidates = [
            node for node in names.bearers[name] if leads_forward(node, target, names.nodes)
        ]
        if len(candidates) > 1 and ordered:
            before = neighbour_order(links.targets, order, place, -1)
            after = neighbour_order(links.targets, order, place, +1)
            candidates = [n for n in candidates if before <= names.file_order[n] <= after]
        if len(candidates) != 1:
            raise AmbiguousNode(
                f"link {name} -> {target_name}",
                "an id that stands for one node",
                names.describe(name),
                "export the graph again with a current circuit-tracer, whose ids do not collide",
            )
        sources[place] = candidates[0]
    return AttachedLinks(links.names, sources, links.targets, links.weights)


def leads_forward(source: int, target: int, nodes: NodeTable) -> bool:
    """Whether an edge between these nodes could exist."""
    if nodes.kind[target] == NodeKind.LOGIT:
        return bool(nodes.kind[source] != NodeKind.LOGIT)
    return bool(
        nodes.layer[source] < nodes.layer[target]
        and nodes.position[source] <= nodes.position[target]
    )


def follows_file_order(targets: Int[np.ndarray, " link"], order: Int[np.ndarray, " link"]) -> bool:
    """Whether each target's links stand together, their sources in the order of the nodes.

    Sources whose order is -1 are not yet known and prove nothing.
    """
    runs = 1 + np.count_nonzero(np.diff(targets))
    if runs != len(np.unique(targets)):
        return False
    known = order >= 0
    same_target = np.diff(targets[known]) == 0
    return not (same_target & (np.diff(order[known]) < 0)).any()


def neighbour_order(
    targets: Int[np.ndarray, " link"], order: Int[np.ndarray, " link"], place: int, step: int
) -> float:
    """The file order of the next known source of the same target; beyond all if there is none."""
    at = place + step
    while 0 <= at < len(targets) and targets[at] == targets[place]:
        if order[at] >= 0:
            return float(order[at])
        at += step
    return step * float("inf")


def first_of_each(links: AttachedLinks) -> Bool[np.ndarray, " link"]:
    """Which links are the first between their nodes; raises if a later one has another weight."""
    key = links.targets * (1 + links.sources.max(initial=0)) + links.sources
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    differs = links.weights != links.weights[first][group] if len(key) else np.zeros(0, bool)
    if differs.any():
        place = int(differs.argmax())
        source, target = links.names[place]
        raise GraphFormatError(
            f"link {source} -> {target}",
            "one weight",
            f"{links.weights[first[group[place]]]:g} and {links.weights[place]:g}",
        )
    once = np.zeros(len(key), dtype=bool)
    once[first] = True
    return once
