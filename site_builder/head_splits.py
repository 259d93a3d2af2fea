"""A graph's edges split by attention head, as a run left them among the results.

The run's own graph may differ from the accepted one in the last digits, so edges are joined by
what their ends are, and a split is kept where it sums to the accepted edge.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from atlas.entries.digests import file_digest
from atlas.errors import MISSHAPEN, EntryError
from atlas.graphs.graph import AttributionGraph

HEADS_FILE, GRAPH_FILE = "heads.json", "graph.npz"
RELATIVE, ABSOLUTE = 1e-3, 1e-4  # of the edge; in its unit: a hundred times the engine's rounding
DIGITS = 4  # significant: more than a reader sees


def head_splits(graph: AttributionGraph, folder: Path | None) -> list[list[Any]]:
    """Edges of the graph as [source, target, direct, skips, other heads, [layer, head, part] …].

    Empty where the folder of the entry's last run holds none that fit. Raises EntryError for a file
    that is not as `atlas reproduce` writes it.
    """
    if folder is None or not all((folder / name).is_file() for name in (HEADS_FILE, GRAPH_FILE)):
        return []
    try:
        read = json.loads((folder / HEADS_FILE).read_text(encoding="utf-8"))
        if read["graph"] != file_digest(folder / GRAPH_FILE):
            return []
        return joined(graph, AttributionGraph.load(folder / GRAPH_FILE), read["edges"])
    except MISSHAPEN as error:
        action = "run `atlas reproduce` on the entry again"
        where = str(folder / HEADS_FILE)
        raise EntryError(where, "edges split by head", type(error).__name__, action) from error


def joined(
    graph: AttributionGraph, split: AttributionGraph, edges: list[list[Any]]
) -> list[list[Any]]:
    """The splits with the numbers of `graph`'s nodes, where they sum to its edges."""
    known = {key: node for node, key in enumerate(keys(graph))}
    place = [known.get(key) for key in keys(split)]
    ends = graph.edges
    weights = dict(
        zip(
            zip(ends.sources.tolist(), ends.targets.tolist(), strict=True),
            ends.weights.tolist(),
            strict=True,
        )
    )
    found = []
    for source, target, *plain in edges:
        direct, skips, others, *heads = plain
        weight = weights.get((place[source], place[target]))
        parts = [direct, skips, others, *(part for _, _, part in heads)]
        if weight is None or not np.isclose(sum(parts), weight, rtol=RELATIVE, atol=ABSOLUTE):
            continue
        named = [[layer, head, short(part)] for layer, head, part in heads]
        found.append([place[source], place[target], *map(short, parts[:3]), *named])
    return found


def keys(graph: AttributionGraph) -> list[tuple[int, ...]]:
    """What each node is in any graph of the prompt: kind, layer, index, position."""
    nodes = graph.nodes
    columns = np.stack([nodes.kind, nodes.layer, nodes.index, nodes.position], axis=1)
    return [tuple(row) for row in columns.tolist()]


def short(value: float) -> float:
    """A number with the digits that are shown."""
    return float(f"{value:.{DIGITS}g}")
