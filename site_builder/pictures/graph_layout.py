"""Where a graph's nodes are drawn: one column per token, one row per layer, logits on top.

Coordinates are pixels of the picture. Constants and dropped mass have no place in the prompt and
are not drawn; they appear among a node's inputs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from atlas.graphs.graph import AttributionGraph, NodeKind

STEP = 21.0  # between neighbours in one cell
COLUMN_ROOM = 15.0  # between columns
NARROWEST = 30.0  # a column without nodes
ROW = 46.0  # between layers
LEFT = 58.0  # room for the layers' names
TOP = 86.0  # room for the answers' names
BOTTOM = 98.0  # room for the slanted tokens
RIGHT = 56.0
COMFORTABLE = 940.0  # a picture that would be narrower is spread to this width
MOST_SPREAD = 60.0  # added to each column at most


@dataclass(frozen=True, eq=False)
class GraphLayout:
    """The place of every node, and the frame that the picture needs."""

    x: Float64[np.ndarray, " node"]  # pixels; not a number where a node is not drawn
    y: Float64[np.ndarray, " node"]
    columns: Float64[np.ndarray, " position"]  # the middle of each token's column
    rows: tuple[tuple[str, float], ...]  # name and height of each row, tokens first
    width: float
    height: float


def lay_out(graph: AttributionGraph) -> GraphLayout:
    """Place the nodes of a graph that was pruned to a few hundred."""
    nodes = graph.nodes
    drawn = np.flatnonzero(~np.isin(nodes.kind, (NodeKind.CONSTANT, NodeKind.DROPPED)))
    row, names = row_numbers(graph)
    placeless = (nodes.kind == NodeKind.LOGIT) & (nodes.position < 0)
    position = np.where(placeless, len(graph.header.tokens) - 1, nodes.position)
    place = place_in_cell(drawn, row, position)
    widths = column_widths(len(graph.header.tokens), drawn, position, place)
    ends = LEFT + np.cumsum(widths)
    middles = ends - widths / 2
    height = TOP + ROW * (len(names) - 1) + BOTTOM
    x = np.full(len(nodes), np.nan)
    y = np.full(len(nodes), np.nan)
    x[drawn] = middles[position[drawn]] + STEP * place[drawn]
    y[drawn] = height - BOTTOM - ROW * row[drawn]
    levels = tuple((name, height - BOTTOM - ROW * level) for level, name in enumerate(names))
    width = float(ends[-1] if len(ends) else LEFT) + RIGHT
    return GraphLayout(x, y, middles, levels, width, height)


def row_numbers(graph: AttributionGraph) -> tuple[Int[np.ndarray, " node"], list[str]]:
    """The row of each node, and the rows' names from the bottom: tokens, the layers, answers."""
    nodes = graph.nodes
    placed = (nodes.kind == NodeKind.FEATURE) | (nodes.kind == NodeKind.ERROR)
    layers = int(nodes.layer[placed].max()) + 1 if placed.any() else 0
    row = np.where(placed, nodes.layer.astype(np.int64) + 1, 0)
    row = np.where(nodes.kind == NodeKind.LOGIT, layers + 1, row)
    return row, ["tokens", *(f"layer {layer}" for layer in range(layers)), "answers"]


def place_in_cell(
    drawn: Int[np.ndarray, " drawn"],
    row: Int[np.ndarray, " node"],
    position: Int[np.ndarray, " node"],
) -> Float64[np.ndarray, " node"]:
    """Each node's step from the middle of its cell: …, -1, 0, 1, … or half of that."""
    place = np.zeros(len(row))
    cells: dict[tuple[int, int], list[int]] = {}
    for node in drawn:
        cells.setdefault((int(row[node]), int(position[node])), []).append(int(node))
    for members in cells.values():
        for order, node in enumerate(members):
            place[node] = order - (len(members) - 1) / 2
    return place


def column_widths(
    positions: int,
    drawn: Int[np.ndarray, " drawn"],
    position: Int[np.ndarray, " node"],
    place: Float64[np.ndarray, " node"],
) -> Float64[np.ndarray, " position"]:
    """How wide each token's column is: as its fullest cell needs."""
    widths = np.full(positions, NARROWEST)
    needed = 2 * np.abs(place[drawn]) * STEP + STEP + COLUMN_ROOM
    np.maximum.at(widths, position[drawn], needed)
    missing = COMFORTABLE - LEFT - RIGHT - float(widths.sum())
    widths += np.clip(missing / max(positions, 1), 0.0, MOST_SPREAD)
    return widths
