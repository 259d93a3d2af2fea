"""The two pictures of a circuit: its parts, and the attribution graph of one prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from atlas.entries.circuit import Circuit
from atlas.graphs.graph import AttributionGraph, NodeKind
from site_builder.address import circuit_page, explorer_link, relative
from site_builder.automatic_labels import automatic_label
from site_builder.dashboards import feature_address
from site_builder.html import Html, foreign, join, tag, text
from site_builder.numbers import count, fixed, percent, whole
from site_builder.pages.token_text import shade_of
from site_builder.part_nodes import (
    WORD_MARKS,
)
from site_builder.pictures.drawn_graph import DrawnGraph
from site_builder.pictures.graph_picture import graph_svg
from site_builder.records import CircuitRecord, FeatureRecord, SiteRecords
from site_builder.tables import row, table

TABLE_ROWS = 8  # strongest edges that the table without scripts shows
GRAPH_FILE = "graph.json"
EXAMPLE_TOKENS = 16  # of a feature's strongest example in the panel
RAISED_TOKENS = 4


def graph_figure(record: CircuitRecord, drawn: DrawnGraph) -> Html:
    """The attribution graph: static picture, tools and panel for the live view, table of edges."""
    graph = drawn.graph
    shown = int((graph.nodes.kind == NodeKind.FEATURE).sum())
    words = (
        f"{count(shown, 'feature')} shown, {origin_in_words(record, drawn)}: those that carry "
        f"{percent(drawn.node_threshold)} of the influence on the answers, those of parts, and "
        "the edges that matter most."
    )
    note = tag(
        "p",
        {"class": "needs-server"},
        "To explore the graph, serve the site: ",
        tag("code", {}, "atlas site serve"),
    )
    scroller = tag(
        "div",
        {
            "class": "figure-scroll",
            "tabindex": 0,
            "role": "region",
            "aria-label": "Attribution graph",
        },
        graph_svg(drawn, record.circuit),
    )
    view = tag(
        "div",
        {"class": "graph-view", "data-graph": GRAPH_FILE},
        tag("div", {"class": "graph-tools"}),
        scroller,
        tag("div", {"class": "graph-panel", "aria-live": "polite"}),
    )
    return tag(
        "figure",
        {"class": "graph-figure"},
        graph_top(record, graph.header.prompt),
        view,
        tag("figcaption", {}, graph_legend(), words),
        note,
        edge_table(record.circuit, drawn),
    )


def graph_top(record: CircuitRecord, words: str) -> Html:
    """The prompt, and the way to the whole graph."""
    here = circuit_page(record.circuit.id)
    way = relative(here, explorer_link(record.circuit.id))
    prompt = tag("p", {"class": "graph-prompt"}, "Prompt: ", foreign(words, "q"))
    door = tag("a", {"class": "explore", "href": way}, "Explore the whole graph")
    return tag("div", {"class": "graph-top"}, prompt, door)


def origin_in_words(record: CircuitRecord, drawn: DrawnGraph) -> str:
    """How large the graph was before anything was left out."""
    known = record.result.get("graph") if record.result else None
    nodes = known.get("nodes_before_pruning") if isinstance(known, Mapping) else None
    if isinstance(nodes, int):
        return f"out of a graph of {count(nodes, 'node')}"
    return f"out of {whole(drawn.features_before)}"


def graph_legend() -> Html:
    """The shapes and lines of the graph."""
    square = {"x": 3, "y": 3, "width": 10, "height": 10, "rx": 2}
    letter = tag("text", {"x": 8, "y": 11.5}, "A")
    shapes = (
        (tag("circle", {"class": "node", "cx": 8, "cy": 8, "r": 5}), "feature"),
        (
            tag(
                "g",
                {"class": "node node-part part-8"},
                tag("circle", {"cx": 8, "cy": 8, "r": 7}),
                letter,
            ),
            "feature of part A",
        ),
        (
            tag("path", {"class": "node node-error", "d": "M8 2l6 6-6 6-6-6z"}),
            "error: what the dictionary missed",
        ),
        (tag("rect", {"class": "node node-token", **square}), "token"),
        (tag("rect", {"class": "node node-answer", **square}), "answer"),
    )
    items = [(16, shape, words) for shape, words in shapes]
    for name, words in (("edge-positive", "raises"), ("edge-negative", "lowers (dashed)")):
        items.append((28, tag("path", {"class": f"{name} edge-0", "d": "M1 8H27"}), words))
    return tag(
        "ul",
        {"class": "legend"},
        *(
            tag(
                "li",
                {},
                tag("svg", {"width": wide, "height": 16, "aria-hidden": "true"}, shape),
                words,
            )
            for wide, shape, words in items
        ),
    )


def edge_table(circuit: Circuit, drawn: DrawnGraph) -> Html:
    """The strongest edges as a table: the graph for those who cannot see it."""
    order = np.argsort(-drawn.importance, kind="stable")[:TABLE_ROWS]
    rows = [
        row(
            node_in_words(circuit, drawn, int(drawn.sources[edge])),
            node_in_words(circuit, drawn, int(drawn.targets[edge])),
            percent(float(drawn.shares[edge]), 1),
            fixed(float(drawn.weights[edge]), 3),
            numeric={2, 3},
        )
        for edge in order
    ]
    edges = table(("From", "To", "Share of the target’s input", "Weight"), rows, {2, 3})
    summary = tag(
        "summary", {}, f"The {len(order)} edges that matter most for the answers, as a table"
    )
    return tag("details", {}, summary, edges)


def node_in_words(circuit: Circuit, drawn: DrawnGraph, node: int) -> Html:
    """A node as text: its part if it has one, its feature, its token."""
    nodes, part = drawn.graph.nodes, int(drawn.part[node])
    kind, position = NodeKind(int(nodes.kind[node])), int(nodes.position[node])
    token = drawn.graph.header.tokens[position].strip(WORD_MARKS) if position >= 0 else ""
    at = join([" at ", foreign(token, "q")]) if token else Html("")
    if kind == NodeKind.FEATURE:
        name = f"{nodes.layer[node]}-{nodes.index[node]}"
        label = join([foreign(circuit.parts[part].label), " "]) if part >= 0 else Html("")
        return join([label, tag("span", {"class": "mono"}, name), at])
    if kind == NodeKind.ERROR:
        return join([f"error of layer {nodes.layer[node]}", at])
    if kind == NodeKind.TOKEN:
        return join(["token ", foreign(token or str(position), "q")])
    if kind == NodeKind.LOGIT:
        return join(["answer ", foreign(nodes.label[node].strip(WORD_MARKS), "q")])
    return text(nodes.describe(node))


def feature_data(
    record: CircuitRecord, graph: AttributionGraph, site: SiteRecords, here: str
) -> dict[str, Any]:
    """What is known of the graph's features with a page: where, and label and strongest example.

    By their short names; `here` is the page that shows them.
    """
    circuit = record.circuit
    known: dict[str, Any] = {}
    for node in graph.feature_nodes:
        short = f"{graph.nodes.layer[node]}-{graph.nodes.index[node]}"
        full = f"{circuit.model}/{circuit.dictionary}/{short}"
        page = feature_address(full, site)
        if not page:
            continue
        known[short] = {"page": relative(here, page)}
        if full in site.features:
            entry = site.features[full]
            known[short] |= {"label": entry.feature.label, **small_dashboard(entry)}
        elif label := automatic_label(full, site):
            known[short]["automatic"] = label
    return known


def small_dashboard(entry: FeatureRecord) -> dict[str, Any]:
    """The strongest example and the tokens that the feature raises most."""
    known = entry.dashboard
    if known is None or not known.top:
        return {}
    best = known.top[0]
    first = max(0, best.peak - EXAMPLE_TOKENS + 3)
    window = slice(first, first + EXAMPLE_TOKENS)
    tokens = [token.strip(WORD_MARKS) or token for token in best.tokens[window]]
    shades = [shade_of(value, known.maximum) for value in best.activations[window]]
    raised = [each.token.strip(WORD_MARKS) for each in known.promoted[:RAISED_TOKENS]]
    return {"example": [tokens, shades, best.peak - first], "promoted": raised}
