"""The picture of a circuit's parts: what it shows, read off the graph of one prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from atlas.graphs.graph import AttributionGraph, NodeKind
from site_builder.html import Html, tag
from site_builder.part_nodes import (
    WORD_MARKS,
    FoundEdge,
    answer_shares,
    expected_edges,
    nodes_of_part,
    part_nodes,
)
from site_builder.pictures.part_arrows import legend
from site_builder.pictures.part_boxes import PartScene
from site_builder.pictures.part_picture import part_svg
from site_builder.records import CircuitRecord


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
        columns[part.id] = float(np.sort(places)[len(places) // 2]) if len(places) else last
    values = {part.id: entities.get(part.keyed_by, "") for part in circuit.parts if part.keyed_by}
    return PartScene(
        circuit,
        columns,
        values,
        tuple(expected_edges(graph, circuit, members, measured_shares(record))),
        answer_shares(graph, members),
        best_answer(graph),
        {
            place: graph.header.tokens[int(place)].strip(WORD_MARKS)
            for place in set(columns.values())
        },
    )


def measured_shares(record: CircuitRecord) -> dict[tuple[str, str], float]:
    """Direct shares of edges between parts, as the accepted run read them off the whole graph."""
    found = {}
    for edge in record.result.get("part_edges", ()) if record.result else ():
        if isinstance(edge, Mapping) and isinstance(edge.get("share"), int | float):
            found[str(edge.get("source")), str(edge.get("target"))] = float(edge["share"])
    return found


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
        (
            "Boxes stand where the parts act, later layers higher; an "
            "arrow’s width is its share of the "
        ),
        "target’s input over all paths in the graph of one prompt.",
    )
    scroller = tag(
        "div",
        {
            "class": "figure-scroll",
            "tabindex": 0,
            "role": "region",
            "aria-label": "Picture of the parts",
        },
        part_svg(scene),
    )
    return tag("figure", {"class": "part-figure"}, scroller, caption)
