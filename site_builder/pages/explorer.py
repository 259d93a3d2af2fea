"""The graph explorer: its page, and what an entry's graph file says beyond the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atlas.graphs.attention_score import AttentionScore
from atlas.graphs.graph import AttributionGraph, NodeKind
from site_builder.address import EXPLORER, circuit_page
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import count, spoken
from site_builder.page import Page
from site_builder.pages.attention import measured_scores
from site_builder.pages.claims import verdict_word
from site_builder.pages.credit import bibtex
from site_builder.pages.graph_section import feature_data
from site_builder.pages.part_scene import drawn_row
from site_builder.part_nodes import WORD_MARKS, part_nodes
from site_builder.records import CircuitRecord, SiteRecords

VIEWER_FILE = "graph.bin"
# As in browser/graph/data/kinds.js: what stands before a node's key.
KIND_LETTERS = {
    NodeKind.FEATURE: "",
    NodeKind.ERROR: "e",
    NodeKind.TOKEN: "t",
    NodeKind.CONSTANT: "c",
    NodeKind.DROPPED: "d",
    NodeKind.LOGIT: "a",
}


WORDS = (
    "Every node and every edge of an entry’s attribution graph: search it, follow paths, pin and "
    "group nodes, and share what is on the screen by its address."
)


def explorer_page(records: Sequence[CircuitRecord], repository: str) -> Page:
    """The shell that the explorer fills; without scripts, a list of the entries with a graph."""
    title = tag("h1", {"class": "explorer-title", "dir": "auto"}, "Graph explorer")
    facts = tag("p", {"class": "explorer-facts"})
    door = tag("div", {"class": "explorer-open"})
    frame = tag("div", {"class": "explorer", "data-repository": repository or None})
    return Page(
        path=EXPLORER,
        title="Graph explorer",
        head=join([title, facts, door, frame, start_block(records)]),
        layout="graph",
        description=WORDS,
        script="graph/page.js",
    )


def start_block(records: Sequence[CircuitRecord]) -> Html:
    """What stands there before a graph is open: what the explorer is, and the entries with one."""
    rows = [
        tag(
            "li",
            {},
            tag("a", {"href": f"?entry={record.circuit.id}", "dir": "auto"}, record.circuit.title),
            " ",
            tag("span", {"class": "reason-plain"}, foreign(record.circuit.model)),
        )
        for record in records
        if record.graph_file is not None
    ]
    served = tag("code", {}, "atlas site serve")
    needs = ("The explorer needs scripts and a server: run ", served, ".")
    have = f"{count(len(rows), 'entry has', 'entries have')} a graph"
    return tag(
        "div",
        {"class": "explorer-start"},
        tag("p", {"class": "lead"}, WORDS),
        tag("p", {"class": "needs-server"}, *needs),
        tag("p", {"class": "list-count"}, have),
        tag("ul", {"class": "explorer-entries"}, *rows),
    )


def about_graph(
    record: CircuitRecord, graph: AttributionGraph, site: SiteRecords
) -> dict[str, Any]:
    """What the graph file's header says of the entry: parts, features, scores, citation."""
    circuit = record.circuit
    members = part_nodes(graph, circuit, drawn_row(record))
    known = record.result.get("graph") if record.result else None
    measured = known if isinstance(known, Mapping) else {}
    address = f"{site.site_url.rstrip('/')}/{circuit_page(circuit.id)}" if site.site_url else ""
    return {
        "entry": circuit.id,
        "title": circuit.title,
        "licence": circuit.licence,
        "citation": bibtex(circuit.id, circuit.title, circuit.curators, circuit.created, address),
        "parts": [
            {"id": part.id, "label": part.label, "nodes": members[part.id].tolist()}
            for part in circuit.parts
        ],
        "features": feature_data(record, graph, site, EXPLORER),
        "attention": [head_score(score) for score in measured_scores(record).values()],
        "claims": measured_claims(record),
        "contribute": {
            "domain": circuit.domain,
            "behaviour": circuit.behaviour,
            "languages": list(circuit.languages),
            "target": circuit.target,
        },
        "traced": {
            name: measured[key]
            for name, key in (("nodes", "nodes_before_pruning"), ("edges", "edges_before_pruning"))
            if isinstance(measured.get(key), int)
        },
    }


def measured_claims(record: CircuitRecord) -> list[dict[str, Any]]:
    """What was measured for the claims, as signed changes of their metrics, with the steps made.

    A graph can be held against it where both are about the same number: the target's logit less
    the foil's.
    """
    circuit, found = record.circuit, []
    for claim in circuit.claims:
        measured = record.measurements.get(claim.id)
        if measured is None or not measured.finite:
            continue
        intervention = circuit.intervention(claim.intervention)
        low, high = measured.interval
        found.append(
            {
                "intervention": intervention.title,
                "steps": [
                    {"part": s.part, "action": s.action, "factor": s.factor, "value": s.value}
                    for s in intervention.steps
                ],
                "metric": spoken(measured.metric),
                "unit": measured.unit,
                "rows": measured.n,
                "change": measured.after - measured.before,
                "interval": [-high, -low] if claim.direction == "decrease" else [low, high],
                "comparable": circuit.target == "difference"
                and (claim.metric, claim.of) == ("logit_difference", "target"),
                "verdict": spoken(verdict_word(record.verdicts[claim.id])),
            }
        )
    return found


def head_score(score: AttentionScore) -> dict[str, Any]:
    """A head's score with its strongest pairs of sources, by the keys of their nodes."""
    place, pairs = score.place, score.strongest
    looked = " rather than ".join(quoted(score, key.position) for key in score.keys)
    head = f"Head {place.layer}.{place.head}"
    title = f"{head} looks from {quoted(score, place.query)} to {looked}"
    return {
        "title": title,
        "score": score.score,
        "pairs": [
            {
                "query": source_key(score, int(query)),
                "query_words": score.name(int(query)),
                "key": source_key(score, int(key)),
                "key_words": score.name(int(key)),
                "value": float(value),
            }
            for query, key, value in zip(pairs.query, pairs.key, pairs.value, strict=True)
        ],
    }


def source_key(score: AttentionScore, source: int) -> str:
    """A node's key as the explorer writes it: kind, layer, index, position."""
    nodes = score.sources
    layer, position = int(nodes.layer[source]), int(nodes.position[source])
    row = f"{layer}-" if layer >= 0 else ""
    place = f"@{position}" if position >= 0 else ""
    return f"{KIND_LETTERS[NodeKind(int(nodes.kind[source]))]}{row}{nodes.index[source]}{place}"


def quoted(score: AttentionScore, position: int) -> str:
    """A token of the score's prompt."""
    return f"“{score.tokens[position].strip(WORD_MARKS)}”"
