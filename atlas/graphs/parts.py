"""A labelled group of a graph's nodes; other tools call it a supernode."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GraphPart:
    """A part of a circuit as the nodes that it has in one graph."""

    label: str
    nodes: tuple[int, ...]
