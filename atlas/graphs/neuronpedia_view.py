"""Reads a shared graph file's saved view: which nodes are pinned and how they are grouped."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from atlas.graphs.parts import GraphPart


class NodeFinder:
    """Finds the nodes that an id in a saved view means.

    Most files use node ids; Anthropic's use display ids, which a feature's positions may share.
    """

    def __init__(
        self, nodes_of_id: Mapping[str, Sequence[int]], display_ids: Mapping[int, str]
    ) -> None:
        self.nodes_of_id = nodes_of_id
        self.nodes_of_display_id: dict[str, list[int]] = defaultdict(list)
        for node, name in display_ids.items():
            self.nodes_of_display_id[name].append(node)
        self.unknown: set[str] = set()

    def find(self, name: str) -> list[int]:
        """All nodes that bear the id; none, and remembered as unknown, if there is no such node."""
        found = list(self.nodes_of_id.get(name) or self.nodes_of_display_id.get(name) or ())
        if not found:
            self.unknown.add(name)
        return found


def saved_view(
    view: Mapping[str, Any], finder: NodeFinder, repairs: list[str]
) -> tuple[tuple[int, ...], tuple[GraphPart, ...]]:
    """Pinned nodes and parts, from lists or from the strings that saved URLs turn them into."""
    pinned = unique(node for name in pinned_ids(view, repairs) for node in finder.find(name))
    parts = []
    for group in groups(view, repairs):
        label, *names = group
        parts.append(GraphPart(label, unique(node for name in names for node in finder.find(name))))
    if finder.unknown:
        example = min(finder.unknown)
        repairs.append(
            f"{len(finder.unknown):,} ids in the saved view, such as {example}, name no node"
        )
    return pinned, tuple(part for part in parts if part.nodes)


def pinned_ids(view: Mapping[str, Any], repairs: list[str]) -> list[str]:
    """The ids of pinned nodes: a list, or one string with commas."""
    value = view.get("pinnedIds") or []
    if isinstance(value, str):
        return [name for name in value.split(",") if name]
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return [str(name) for name in value]
    repairs.append("pinnedIds was no list of ids and was left out")
    return []


def groups(view: Mapping[str, Any], repairs: list[str]) -> list[list[str]]:
    """The groups as [label, id, …] lists: given so, or as their JSON text."""
    value = view.get("supernodes") or []
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    well_formed = isinstance(value, list) and all(
        isinstance(group, list) and group and all(isinstance(item, str) for item in group)
        for group in value
    )
    if not well_formed:
        repairs.append("supernodes was no list of [label, id, …] and was left out")
        return []
    return [list(group) for group in value or []]


def unique(nodes: Any) -> tuple[int, ...]:
    """The nodes without repetition, in their first order."""
    return tuple(dict.fromkeys(nodes))
