"""The attribution graph as an SVG that reads without scripts, and the data that bring it to life.

Nodes carry their number (`data-n`), which is their place in the data's columns. Sign is told by
colour and dash, a node's kind by its shape, a part by ring and letter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from atlas.entries.circuit import Circuit
from atlas.graphs.graph import CONSTANTS, AttributionGraph, NodeKind
from site_builder.html import Html, tag
from site_builder.part_marks import part_class, part_letter
from site_builder.part_nodes import WORD_MARKS, other_targets
from site_builder.pictures.drawn_graph import DrawnGraph

MOST_DRAWN = 55  # edges in the static picture, those that matter most for the answers
BANDS = (20, 40)  # ranks at which edges become thinner and paler
TOKEN_LENGTH = 14  # characters of a token under its column


def graph_svg(drawn: DrawnGraph, circuit: Circuit) -> Html:
    """The picture: rows, edges by strength, nodes, tokens, answers."""
    layout = drawn.layout
    frame = {
        "class": "graph-svg",
        "viewBox": f"0 0 {layout.width:.0f} {layout.height:.0f}",
        "width": f"{layout.width:.0f}",
        "height": f"{layout.height:.0f}",
        "role": "group",
        "aria-label": f"Attribution graph of the prompt: {drawn.graph.header.prompt}",
    }
    return tag(
        "svg",
        frame,
        tag("g", {"class": "graph-rows"}, *row_marks(drawn)),
        tag("g", {"class": "graph-edges", "aria-hidden": "true"}, *edge_paths(drawn)),
        tag("g", {"class": "graph-live", "aria-hidden": "true"}),
        tag("g", {"class": "graph-tokens", "aria-hidden": "true"}, *token_marks(drawn)),
        tag("g", {"class": "graph-nodes"}, *node_marks(drawn, circuit)),
    )


def row_marks(drawn: DrawnGraph) -> list[Html]:
    """A thin line and a name for each layer."""
    right = f"{drawn.layout.width - 12:.0f}"
    lines = [f"M50 {height:.0f}H{right}" for _, height in drawn.layout.rows]
    marks = [tag("path", {"d": "".join(lines)})]
    for name, height in drawn.layout.rows:
        label = {"x": 4, "y": f"{height + 4:.0f}"}
        marks.append(tag("text", label, name))
    return marks


def edge_paths(drawn: DrawnGraph) -> list[Html]:
    """The edges that matter most for the answers, six paths for sign and rank."""
    x, y = drawn.layout.x, drawn.layout.y
    shown = np.flatnonzero(~np.isnan(x[drawn.sources]) & ~np.isnan(x[drawn.targets]))
    ranked = shown[np.argsort(-drawn.importance[shown], kind="stable")[:MOST_DRAWN]]
    lines: dict[str, list[str]] = {}
    for rank, edge in enumerate(ranked):
        band = sum(rank >= limit for limit in BANDS)
        source, target = drawn.sources[edge], drawn.targets[edge]
        name = f"{edge_sign(float(drawn.shares[edge]))} edge-{band}"
        way = f"M{x[source]:.0f} {y[source]:.0f}L{x[target]:.0f} {y[target]:.0f}"
        lines.setdefault(name, []).append(way)
    signs = ("edge-positive", "edge-negative")
    order = [f"{sign} edge-{band}" for band in (2, 1, 0) for sign in signs]
    return [
        tag("path", {"class": name, "d": "".join(lines[name])}) for name in order if name in lines
    ]


def edge_sign(share: float) -> str:
    """The class of an edge's sign."""
    return "edge-positive" if share >= 0 else "edge-negative"


def token_marks(drawn: DrawnGraph) -> list[Html]:
    """The prompt's tokens, slanted under their columns."""
    bottom = drawn.layout.rows[0][1]
    marks = []
    for token, middle in zip(drawn.graph.header.tokens, drawn.layout.columns, strict=True):
        shown = token.strip(WORD_MARKS) or token or "·"
        shown = shown if len(shown) <= TOKEN_LENGTH else shown[: TOKEN_LENGTH - 1] + "…"
        place = {
            "x": f"{middle:.0f}",
            "y": f"{bottom + 20:.0f}",
            "text-anchor": "end",
            "transform": f"rotate(-40 {middle:.0f} {bottom + 20:.0f})",
        }
        marks.append(tag("text", place, shown))
    return marks


def node_marks(drawn: DrawnGraph, circuit: Circuit) -> list[Html]:
    """Every placed node by its shape; members of parts with ring and letter."""
    marks = []
    kinds = drawn.graph.nodes.kind
    for node in np.flatnonzero(~np.isnan(drawn.layout.x)):
        x, y = drawn.layout.x[node], drawn.layout.y[node]
        part = int(drawn.part[node])
        marks.append(node_mark(int(node), NodeKind(int(kinds[node])), (x, y), part))
        if kinds[node] == NodeKind.LOGIT:
            marks.append(answer_mark(drawn.graph, int(node), (x, y)))
    return marks


def node_mark(node: int, kind: NodeKind, place: tuple[float, float], part: int) -> Html:
    """One node: circle for a feature, diamond for an error, squares for token and answer.

    The style sheet has the size of what there are many of: circles and tokens.
    """
    x, y = place
    if part >= 0:
        ring = tag("circle", {"cx": f"{x:.0f}", "cy": f"{y:.0f}", "r": 9})
        letter = tag("text", {"x": f"{x:.0f}", "y": f"{y + 4:.0f}"}, part_letter(part))
        return tag(
            "g", {"class": f"node node-part {part_class(part)}", "data-n": node}, ring, letter
        )
    if kind == NodeKind.FEATURE:
        return tag("circle", {"data-n": node, "cx": f"{x:.0f}", "cy": f"{y:.0f}"})
    if kind == NodeKind.ERROR:
        way = f"M{x:.0f} {y - 6:.0f}l6 6-6 6-6-6z"
        return tag("path", {"class": "node node-error", "data-n": node, "d": way})
    if kind == NodeKind.TOKEN:
        square = {"x": f"{x - 5:.0f}", "y": f"{y - 5:.0f}"}
        return tag("rect", {"class": "node node-token", "data-n": node, **square})
    square = {"x": f"{x - 7:.0f}", "y": f"{y - 7:.0f}"}
    size = {"width": 14, "height": 14, "rx": 2}
    return tag("rect", {"class": "node node-answer", "data-n": node, **square, **size})


def answer_mark(graph: AttributionGraph, node: int, place: tuple[float, float]) -> Html:
    """An answer's token over its node, slanted so that neighbours do not collide."""
    x, y = place
    shown = graph.nodes.label[node].strip(WORD_MARKS) or "·"
    shown = shown if len(shown) <= TOKEN_LENGTH else shown[: TOKEN_LENGTH - 1] + "…"
    turn = f"rotate(-40 {x:.0f} {y - 12:.0f})"
    return tag(
        "text", {"class": "answer", "x": f"{x:.0f}", "y": f"{y - 12:.0f}", "transform": turn}, shown
    )


def graph_data(drawn: DrawnGraph, circuit: Circuit, features: dict[str, Any]) -> dict[str, Any]:
    """The picture's data: nodes and edges as columns, parts, and what is known of the features."""
    nodes = drawn.graph.nodes
    return {
        "tokens": [token.strip(WORD_MARKS) or token for token in drawn.graph.header.tokens],
        "kinds": ["feature", "error", "token", "constant", "dropped", "answer"],
        "kind": nodes.kind.tolist(),
        "layer": nodes.layer.tolist(),
        "position": nodes.position.tolist(),
        "index": nodes.index.tolist(),
        "value": [rounded(value) for value in nodes.value],
        "other_targets": other_targets(drawn.graph),
        "label": [node_label(drawn.graph, node) for node in range(len(nodes))],
        "part": drawn.part.tolist(),
        "x": [None if np.isnan(each) else round(float(each)) for each in drawn.layout.x],
        "y": [None if np.isnan(each) else round(float(each)) for each in drawn.layout.y],
        "target": drawn.targets.tolist(),
        "source": drawn.sources.tolist(),
        "weight": [rounded(weight) for weight in drawn.weights],
        "share": [round(float(share), 4) for share in drawn.shares],
        "parts": [
            {
                "id": part.id,
                "label": part.label,
                "letter": part_letter(index),
                "class": part_class(index),
            }
            for index, part in enumerate(circuit.parts)
        ],
        "features": features,
    }


def rounded(value: float) -> float:
    """A number with four significant digits: all that the picture can show."""
    return float(f"{float(value):.4g}")


def node_label(graph: AttributionGraph, node: int) -> str:
    """What a node without a feature's number is called: a constant's or an answer's name."""
    kind = graph.nodes.kind[node]
    if kind == NodeKind.CONSTANT:
        return CONSTANTS[int(graph.nodes.index[node])].replace("_", " ")
    return graph.nodes.label[node].strip(WORD_MARKS) if kind == NodeKind.LOGIT else ""
