"""What a circuit has that another may share: features with their influence, edges, claims.

Written beside each circuit's page; the page that compares and the map of circuits read it.
Influence and edges are read off the graph of one prompt: they illustrate and are never evidence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.influence import influence, logit_probabilities
from site_builder.address import circuit_page
from site_builder.numbers import spoken
from site_builder.pages.claims import verdict_word
from site_builder.pictures.drawn_graph import strongest_edges
from site_builder.records import CircuitRecord, SiteRecords

CONTENT_FILE = "compare.json"
MOST_FEATURES = 1000  # of a graph, those with the most influence
MOST_EDGES = 300  # between features, those that matter most for the answers
DIGITS = 4


def circuit_content(
    record: CircuitRecord, graph: AttributionGraph | None, site: SiteRecords
) -> dict[str, Any]:
    """All of it, as plain data."""
    circuit = record.circuit
    terms = (site.domains.get(circuit.domain), site.behaviours.get(circuit.behaviour))
    domain, behaviour = (term.name if term else "" for term in terms)
    return {
        "version": 1,
        "id": circuit.id,
        "title": circuit.title,
        "page": circuit_page(circuit.id),
        "model": circuit.model,
        "kind": site.kind_of(circuit.model),
        "dictionary": circuit.dictionary,
        "domain": domain or spoken(circuit.domain),
        "behaviour": behaviour or spoken(circuit.behaviour),
        "behaviour_id": circuit.behaviour,
        "verdict": spoken(record.verdict),
        "prompt": graph.header.prompt if graph is not None else "",
        "parts": [
            {
                "id": part.id,
                "label": part.label,
                "role": spoken(part.role),
                "features": list(dict.fromkeys(str(each) for each in part.all_features)),
            }
            for part in circuit.parts
        ],
        "part_edges": [[edge.source, edge.target, edge.sign] for edge in circuit.edges],
        "influence": feature_influence(graph) if graph is not None else {},
        "edges": feature_edges(graph) if graph is not None else [],
        "claims": claims(record),
    }


def claims(record: CircuitRecord) -> list[dict[str, str]]:
    """Each claim with its verdict."""
    return [
        {
            "id": claim.id,
            "statement": claim.statement,
            "metric": spoken(claim.metric),
            "verdict": spoken(verdict_word(record.verdicts[claim.id])),
        }
        for claim in record.circuit.claims
    ]


def feature_influence(graph: AttributionGraph) -> dict[str, float]:
    """Each feature's share of the influence of all features, over its positions together."""
    amounts = influence(graph)
    found: dict[str, float] = {}
    for node in graph.feature_nodes:
        name = short_name(graph, int(node))
        found[name] = found.get(name, 0.0) + float(amounts[node])
    whole = sum(found.values())
    if not whole:
        return {}
    best = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:MOST_FEATURES]
    return {name: round(one / whole, DIGITS) for name, one in best}


def feature_edges(graph: AttributionGraph) -> list[list[Any]]:
    """Edges between features: source, target, signed share of the target's input.

    Those of a pair at several positions are added up.
    """
    targets, sources, _, shares = strongest_edges(graph)
    kind = graph.nodes.kind
    between = (kind[targets] == NodeKind.FEATURE) & (kind[sources] == NodeKind.FEATURE)
    reached = influence(graph) + logit_probabilities(graph)
    found: dict[tuple[str, str], list[float]] = {}
    for edge in np.flatnonzero(between).tolist():
        ends = (int(sources[edge]), int(targets[edge]))
        sums = found.setdefault(
            (short_name(graph, ends[0]), short_name(graph, ends[1])), [0.0, 0.0]
        )
        sums[0] += float(shares[edge])
        sums[1] += abs(float(shares[edge])) * float(reached[ends[1]])
    best = sorted(found.items(), key=lambda item: (-item[1][1], item[0]))[:MOST_EDGES]
    return [[*names, round(sums[0], DIGITS)] for names, sums in best]


def short_name(graph: AttributionGraph, node: int) -> str:
    """A feature node's layer and index."""
    return f"{graph.nodes.layer[node]}-{graph.nodes.index[node]}"
