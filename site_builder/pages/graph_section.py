"""The two pictures of a circuit: its parts, and the attribution graph of one prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from atlas.entries.circuit import Circuit
from atlas.graphs.graph import AttributionGraph, NodeKind
from site_builder.address import circuit_page, feature_page, relative
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import count, fixed, percent, whole
from site_builder.part_nodes import (
    WORD_MARKS,
    FoundEdge,
    answer_shares,
    expected_edges,
    nodes_of_part,
    part_nodes,
)
from site_builder.pictures.drawn_graph import DrawnGraph
from site_builder.pictures.graph_picture import graph_svg
from site_builder.pictures.part_picture import PartScene, legend, part_svg
from site_builder.records import CircuitRecord, SiteRecords

TABLE_ROWS = 20  # strongest edges that the table without scripts shows
GRAPH_FILE = "graph.json"
SCORES = (
    ("replacement", "replacement", "influence that starts at tokens rather than at errors (published)"),
    ("graph_completeness", "graph completeness", "input that does not come from errors (published)"),
)
SHARES = (
    ("token_share", "tokens"),
    ("error_share", "errors"),
    ("constant_share", "constants"),
    ("dropped_share", "dropped"),
)


def drawn_row(record: CircuitRecord) -> Any:
    """The row of prompts whose graph is drawn, if the entry names one."""
    wanted = record.circuit.prompts.graph
    return next((row for row in record.prompts if row.id == wanted), None)


def part_scene(record: CircuitRecord, graph: AttributionGraph) -> PartScene:
    """What the picture of the parts shows, read off the whole graph."""
    circuit, row = record.circuit, drawn_row(record)
    members = part_nodes(graph, circuit, row)
    entities: Mapping[str, str] = row.entities if row else {}
    last = float(len(graph.header.tokens) - 1)
    columns = {}
    for part in circuit.parts:
        places = graph.nodes.position[nodes_of_part(graph, part, entities)]
        columns[part.id] = float(np.median(places)) if len(places) else last
    values = {part.id: entities.get(part.keyed_by, "") for part in circuit.parts if part.keyed_by}
    return PartScene(
        circuit,
        columns,
        values,
        tuple(expected_edges(graph, circuit, members)),
        answer_shares(graph, members),
        best_answer(graph),
    )


def plain_scene(record: CircuitRecord) -> PartScene:
    """What the picture of the parts shows where there is no graph yet: the entry alone."""
    circuit, row = record.circuit, drawn_row(record)
    edges = tuple(FoundEdge(e.source, e.target, e.sign, 0.0, 0.0) for e in circuit.edges)
    columns = {part.id: 0.0 for part in circuit.parts}
    return PartScene(circuit, columns, {}, edges, {}, row.target.strip() if row else "answer")


def best_answer(graph: AttributionGraph) -> str:
    """The most likely answer's token."""
    logits = graph.nodes_of(NodeKind.LOGIT)
    if not len(logits):
        return "answer"
    best = int(logits[int(np.argmax(graph.nodes.value[logits]))])
    return graph.nodes.label[best].strip(WORD_MARKS) or "answer"


def circuit_figure(scene: PartScene) -> Html:
    """The picture of the parts with its legend and its reading."""
    if not scene.circuit.parts:
        return Html("")
    caption = tag(
        "figcaption",
        {},
        legend(),
        "Boxes stand where the parts act, later layers higher; an arrow’s width is its share of the ",
        "target’s input over all paths in the graph of one prompt.",
    )
    scroller = tag("div", {"class": "figure-scroll", "tabindex": 0, "role": "region", "aria-label": "Picture of the parts"}, part_svg(scene))
    return tag("figure", {"class": "part-figure"}, scroller, caption)


def graph_figure(record: CircuitRecord, drawn: DrawnGraph) -> Html:
    """The attribution graph: static picture, tools and panel for the live view, table of edges."""
    graph = drawn.graph
    shown = int((graph.nodes.kind == NodeKind.FEATURE).sum())
    words = (
        f"{whole(shown)} of {count(drawn.features_before, 'feature')} shown: those that carry "
        f"{percent(drawn.node_threshold)} of the influence on the answers, and the strongest edges between them."
    )
    prompt = tag("p", {"class": "graph-prompt"}, "Prompt: ", foreign(graph.header.prompt, "q"))
    note = tag("p", {"class": "needs-server"}, "To explore the graph, serve the site: ", tag("code", {}, "atlas site serve"))
    scroller = tag("div", {"class": "figure-scroll", "tabindex": 0, "role": "region", "aria-label": "Attribution graph"}, graph_svg(drawn, record.circuit))
    view = tag(
        "div",
        {"class": "graph-view", "data-graph": GRAPH_FILE},
        tag("div", {"class": "graph-tools"}),
        scroller,
        tag("div", {"class": "graph-panel", "aria-live": "polite"}),
    )
    return tag("figure", {"class": "graph-figure"}, prompt, view, tag("figcaption", {}, graph_legend(), words), note, edge_table(record.circuit, drawn))


def graph_legend() -> Html:
    """The shapes and lines of the graph."""
    shapes = (
        (tag("circle", {"class": "node", "cx": 8, "cy": 8, "r": 5}), "feature"),
        (tag("g", {"class": "node node-part part-8"}, tag("circle", {"cx": 8, "cy": 8, "r": 7}), tag("text", {"x": 8, "y": 11.5}, "A")), "feature of part A"),
        (tag("path", {"class": "node node-error", "d": "M8 2l6 6-6 6-6-6z"}), "error: what the dictionary missed"),
        (tag("rect", {"class": "node node-token", "x": 3, "y": 3, "width": 10, "height": 10, "rx": 2}), "token"),
        (tag("rect", {"class": "node node-answer", "x": 2, "y": 2, "width": 12, "height": 12, "rx": 2}), "answer"),
    )
    items = [tag("li", {}, tag("svg", {"width": 16, "height": 16, "aria-hidden": "true"}, shape), words) for shape, words in shapes]
    lines = (("edge-positive", "raises"), ("edge-negative", "lowers (dashed)"))
    for name, words in lines:
        line = tag("path", {"class": f"{name} edge-0", "d": "M1 8H27"})
        items.append(tag("li", {}, tag("svg", {"width": 28, "height": 16, "aria-hidden": "true"}, line), words))
    return tag("ul", {"class": "legend"}, *items)


def edge_table(circuit: Circuit, drawn: DrawnGraph) -> Html:
    """The strongest edges as a table: the graph for those who cannot see it."""
    order = np.argsort(-np.abs(drawn.shares), kind="stable")[:TABLE_ROWS]
    rows = []
    for edge in order:
        share = float(drawn.shares[edge])
        rows.append(
            tag(
                "tr",
                {},
                tag("td", {}, node_in_words(circuit, drawn, int(drawn.sources[edge]))),
                tag("td", {}, node_in_words(circuit, drawn, int(drawn.targets[edge]))),
                tag("td", {"class": "number"}, percent(share, 1)),
                tag("td", {"class": "number"}, fixed(float(drawn.weights[edge]), 3)),
            )
        )
    titles = (("From", None), ("To", None), ("Share of the target’s input", "number"), ("Weight", "number"))
    head = tag("tr", {}, *(tag("th", {"scope": "col", "class": kind}, title) for title, kind in titles))
    table = tag("table", {}, tag("thead", {}, head), tag("tbody", {}, *rows))
    frame = tag("div", {"class": "table-frame"}, table)
    return tag("details", {}, tag("summary", {}, f"The {len(order)} strongest edges as a table"), frame)


def node_in_words(circuit: Circuit, drawn: DrawnGraph, node: int) -> Html:
    """A node as text: its part if it has one, its feature, its token."""
    graph, part = drawn.graph, int(drawn.part[node])
    kind, position = NodeKind(int(graph.nodes.kind[node])), int(graph.nodes.position[node])
    token = graph.header.tokens[position].strip(WORD_MARKS) if position >= 0 else ""
    at = join([" at ", foreign(token, "q")]) if token else Html("")
    if kind == NodeKind.FEATURE:
        name = f"{graph.nodes.layer[node]}-{graph.nodes.index[node]}"
        label = join([foreign(circuit.parts[part].label), " "]) if part >= 0 else Html("")
        return join([label, tag("span", {"class": "mono"}, name), at])
    if kind == NodeKind.ERROR:
        return join([f"error of layer {graph.nodes.layer[node]}", at])
    if kind == NodeKind.TOKEN:
        return join(["token", at.replace(" at", "")]) if not token else join(["token ", foreign(token, "q")])
    return join([graph.nodes.describe(node)]) if kind != NodeKind.LOGIT else join(["answer ", foreign(graph.nodes.label[node].strip(WORD_MARKS), "q")])


def scores_block(record: CircuitRecord) -> Html:
    """The graph's published and strict scores, with what they mean."""
    graph = record.result.get("graph") if record.result else None
    scores = graph.get("scores") if isinstance(graph, Mapping) else None
    if not isinstance(scores, Mapping):
        return Html("")
    known = {key: float(value) for key, value in scores.items() if isinstance(value, int | float)}
    tiles = [tag("div", {"title": words}, tag("dt", {}, name), tag("dd", {}, fixed(known[key], 3))) for key, name, words in SCORES if key in known]
    shares = [(key, name, max(known.get(key, 0.0), 0.0)) for key, name in SHARES]
    for key, name, share in shares:
        swatch = tag("svg", {"class": "swatch", "width": 11, "height": 11, "aria-hidden": "true"}, tag("rect", {"class": f"share-{key.split('_')[0]}", "width": 11, "height": 11}))
        tiles.append(tag("div", {}, tag("dt", {}, swatch, f"from {name}"), tag("dd", {}, percent(share, 1))))
    note = tag("p", {"class": "section-note"}, "How much of the answers the graph explains. The two published scores look at features, errors and tokens only; the four shares count every path into the answers and sum to 1.")
    return join([tag("h3", {"id": "scores"}, "Scores of this graph"), note, tag("dl", {"class": "score-tiles"}, *tiles), share_bar(shares)])


def share_bar(shares: list[tuple[str, str, float]]) -> Html:
    """The four shares as one bar."""
    total = sum(share for _, _, share in shares) or 1.0
    start, marks = 0.0, []
    for key, _, share in shares:
        width = 100 * share / total
        marks.append(tag("rect", {"class": f"share-{key.split('_')[0]}", "x": f"{start:.2f}%", "width": f"{width:.2f}%", "height": 10}))
        start += width
    words = ", ".join(f"{name} {percent(share, 1)}" for _, name, share in shares)
    return tag("svg", {"class": "share-bar", "width": "100%", "height": 10, "role": "img", "aria-label": words}, *marks)


def feature_data(record: CircuitRecord, drawn: DrawnGraph, site: SiteRecords) -> dict[str, Any]:
    """What the panel of the live view shows of features that have an entry: label, page, examples."""
    circuit, graph = record.circuit, drawn.graph
    known: dict[str, Any] = {}
    for node in graph.feature_nodes:
        short = f"{graph.nodes.layer[node]}-{graph.nodes.index[node]}"
        full = f"{circuit.model}/{circuit.dictionary}/{short}"
        if full in site.features:
            entry = site.features[full]
            known[short] = {
                "label": entry.feature.label,
                "page": relative(circuit_page(circuit.id), feature_page(full)),
            }
    return known
