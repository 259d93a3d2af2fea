"""Attaches the links of a shared graph file to its nodes, even where two nodes share an id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from atlas.errors import AmbiguousNode, GraphFormatError
from atlas.graphs.neuronpedia_file import FileLink
from atlas.graphs.nodes import NodeKind, NodeTable


@dataclass(frozen=True)
class LinkContext:
    """What is needed to say which nodes a link joins."""

    nodes: NodeTable
    nodes_of_id: Mapping[str, Sequence[int]]  # an id and the nodes that bear it
    file_order: Int[np.ndarray, " node"]  # the place of each node in the file


def attach_links(
    links: Sequence[FileLink], context: LinkContext
) -> tuple[dict[tuple[int, int], float], list[str]]:
    """Edges {(target, source): weight} and what was repaired on the way, in words.

    Repairs: weights of 0 are left out (tools write them for pairs that are no edge, also
    backwards and onto themselves), links to nodes that the file lacks too, and one of two equal
    links. Raises GraphFormatError for two links that differ and AmbiguousNode for an id of two
    nodes where neither direction nor order tells which is meant.
    """
    known = [
        link
        for link in links
        if link.source in context.nodes_of_id and link.target in context.nodes_of_id
    ]
    real = [link for link in known if link.weight != 0]
    shared = {name for name, nodes in context.nodes_of_id.items() if len(nodes) > 1}
    ordered = bool(shared) and follows_file_order(real, context)
    edges: dict[tuple[int, int], float] = {}
    repeated = resolved = 0
    for place, link in enumerate(real):
        target = the_target(link, context)
        if link.source in shared:
            source = the_source(real, place, context, ordered)
            resolved += 1
        else:
            source = context.nodes_of_id[link.source][0]
        if (target, source) not in edges:
            edges[target, source] = link.weight
        elif edges[target, source] == link.weight:
            repeated += 1
        else:
            raise GraphFormatError(
                f"link {link.source} -> {link.target}",
                "one weight",
                f"{edges[target, source]:g} and {link.weight:g}",
            )
    counts = {
        "links to nodes that the file lacks were left out": len(links) - len(known),
        "links of weight 0 were left out": len(known) - len(real),
        "repetitions of a link were left out": repeated,
        "links of an id shared by two nodes were attached by direction and order": resolved,
    }
    return edges, [f"{count:,} {words}" for words, count in counts.items() if count]


def the_target(link: FileLink, context: LinkContext) -> int:
    """The node that a link leads to: of nodes with one id, the one that can have inputs."""
    candidates = context.nodes_of_id[link.target]
    kinds = context.nodes.kind
    able = [node for node in candidates if kinds[node] in (NodeKind.FEATURE, NodeKind.LOGIT)]
    if len(able) > 1:
        raise AmbiguousNode(f"link to {link.target}", "one node of that id", "several")
    if not able:
        raise GraphFormatError(
            f"link {link.source} -> {link.target}",
            "a feature or a logit as target",
            context.nodes.describe(candidates[0]),
        )
    return able[0]


def the_source(links: Sequence[FileLink], place: int, context: LinkContext, ordered: bool) -> int:
    """The node that a link with a shared id comes from.

    First by direction: a source lies in a lower layer than its target. Then by order: files that
    list each target's sources in node order show by the neighbours which node is meant.
    """
    link = links[place]
    target = the_target(link, context)
    candidates = [
        node for node in context.nodes_of_id[link.source] if leads_forward(node, target, context)
    ]
    if len(candidates) > 1 and ordered:
        before = neighbour_order(links, place, -1, context)
        after = neighbour_order(links, place, +1, context)
        candidates = [node for node in candidates if before <= context.file_order[node] <= after]
    if len(candidates) != 1:
        raise AmbiguousNode(
            f"link {link.source} -> {link.target}",
            "an id that stands for one node",
            " or ".join(map(context.nodes.describe, context.nodes_of_id[link.source])),
            "export the graph again with a current circuit-tracer, whose ids do not collide",
        )
    return candidates[0]


def leads_forward(source: int, target: int, context: LinkContext) -> bool:
    """Whether an edge between these nodes could exist."""
    nodes = context.nodes
    if nodes.kind[target] == NodeKind.LOGIT:
        return bool(nodes.kind[source] != NodeKind.LOGIT)
    return bool(
        nodes.layer[source] < nodes.layer[target]
        and nodes.position[source] <= nodes.position[target]
    )


def follows_file_order(links: Sequence[FileLink], context: LinkContext) -> bool:
    """Whether each target's plain sources come together and in the order of the nodes."""
    last: dict[str, int] = defaultdict(lambda: -1)
    previous = None
    for link in links:
        if link.target != previous and link.target in last:
            return False
        previous = link.target
        candidates = context.nodes_of_id[link.source]
        order = int(context.file_order[candidates[0]]) if len(candidates) == 1 else -1
        if 0 <= order < last[link.target]:
            return False
        last[link.target] = max(last[link.target], order)
    return True


def neighbour_order(
    links: Sequence[FileLink], place: int, step: int, context: LinkContext
) -> float:
    """The file order of the next plain source of the same target; beyond all if there is none."""
    target = links[place].target
    place += step
    while 0 <= place < len(links) and links[place].target == target:
        candidates = context.nodes_of_id[links[place].source]
        if len(candidates) == 1:
            return float(context.file_order[candidates[0]])
        place += step
    return step * float("inf")
