"""What `atlas trace` prints about a graph: logits, scores, and the strongest features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from atlas.commands.graph_report import (
    approximation_text,
    bounds_text,
    tracing_of,
    tracing_text,
)
from atlas.entries.text import printable
from atlas.errors import GraphError
from atlas.graphs.given_up import bounds
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.influence import influence
from atlas.graphs.scores import score


def report(graph: AttributionGraph, features_per_position: int) -> dict[str, Any]:
    """The report as JSON values."""
    return {
        "model": graph.header.model,
        "dictionary": graph.header.dictionary,
        "tokens": list(graph.header.tokens),
        "nodes": len(graph.nodes),
        "edges": int(graph.rows.nnz),
        "tracing": tracing_of(graph),
        "approximate": graph.header.provenance.get("approximate"),
        "largest_closure_gap": float(np.abs(graph.closure_gap()).max(initial=0.0)),
        "logits": [_logit(graph, int(node)) for node in graph.logit_nodes],
        "scores": _scores(graph),
        **_limits(graph),
        "features": list(_features(graph, features_per_position)),
    }


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The report as text."""
    yield "what is explained"
    for logit in found["logits"]:
        if not logit["is_token"]:
            yield f"  {printable(logit['token']):<16} value {logit['logit']:+.2f}"
            continue
        token = printable(repr(logit["token"]))
        at = f"@{logit['position']}" * (logit["position"] != len(found["tokens"]) - 1)
        name = f"{token}{at}"
        yield f"  {name:<16} p {logit['probability']:.3f}   logit {logit['logit']:+.2f}"
    if found["scores"]:
        words = (f"{name} {value:.3f}" for name, value in found["scores"].items())
        yield "scores: " + ", ".join(words)
    if "off_by_at_most" in found:
        yield bounds_text(found["off_by_at_most"])
    position = None
    for feature in found["features"]:
        if feature["position"] != position:
            position = feature["position"]
            yield f"position {position}  {printable(repr(found['tokens'][position]))}"
        name = f"{feature['layer']}-{feature['index']}"
        yield (
            f"  {name:<10} activation {feature['activation']:8.3f}   "
            f"influence {feature['influence_share']:6.2%}   "
            f"from {_end(feature['strongest_source'])}   to {_end(feature['strongest_target'])}"
        )
    yield from (f"rows for {words}" for words in tracing_text(found["tracing"]))
    yield from approximation_text(found["approximate"])
    size = f"{found['nodes']:,} nodes, {found['edges']:,} edges"
    closed = f"; every row closed to {found['largest_closure_gap']:.1e}"
    yield size if found["approximate"] else size + closed


def _end(end: dict[str, Any] | None) -> str:
    return "nothing" if end is None else f"{printable(end['node'])} ({end['weight']:+.3f})"


def _logit(graph: AttributionGraph, node: int) -> dict[str, Any]:
    row = graph.row_of(node)
    total = 0.0 if row is None or graph.row_totals is None else float(graph.row_totals[row])
    probability = float(graph.nodes.value[node])
    return {
        "token": graph.nodes.label[node],
        "is_token": graph.is_token(node),
        "position": int(graph.nodes.position[node]),
        "probability": probability,
        "logit": total,
    }


def _scores(graph: AttributionGraph) -> dict[str, float]:
    try:
        return asdict(score(graph))
    except GraphError:  # a prompt of one token has no features to score
        return {}


def _limits(graph: AttributionGraph) -> dict[str, Any]:
    limits = bounds(graph)
    return {} if limits is None else {"off_by_at_most": asdict(limits)}


def _features(graph: AttributionGraph, per_position: int) -> Iterator[dict[str, Any]]:
    amounts = influence(graph)
    share = amounts / max(amounts.sum(), 1e-30)
    nodes, features = graph.nodes, graph.feature_nodes
    by_source = graph.rows.tocsc()
    for position in np.unique(nodes.position[features]):
        here = features[nodes.position[features] == position]
        strongest = here[np.argsort(-amounts[here], kind="stable")][:per_position]
        for node in strongest.tolist():
            yield {
                "layer": int(nodes.layer[node]),
                "index": int(nodes.index[node]),
                "position": int(position),
                "activation": float(nodes.value[node]),
                "influence_share": float(share[node]),
                "strongest_source": _strongest_source(graph, node),
                "strongest_target": _strongest_target(graph, by_source, node),
            }


def _strongest_source(graph: AttributionGraph, node: int) -> dict[str, Any] | None:
    row = graph.row_of(node)
    if row is None:
        return None
    part = slice(graph.rows.indptr[row], graph.rows.indptr[row + 1])
    sources, weights = graph.rows.indices[part], graph.rows.data[part]
    told = graph.nodes.kind[sources] <= NodeKind.TOKEN  # constants and dropped mass are no path
    return _strongest(graph, sources[told], weights[told])


def _strongest_target(graph: AttributionGraph, by_source: Any, node: int) -> dict[str, Any] | None:
    part = slice(by_source.indptr[node], by_source.indptr[node + 1])
    return _strongest(graph, graph.row_nodes[by_source.indices[part]], by_source.data[part])


def _strongest(graph: AttributionGraph, nodes: Any, weights: Any) -> dict[str, Any] | None:
    if not len(weights):
        return None
    best = int(np.abs(weights).argmax())
    node = int(nodes[best])
    is_answer = graph.nodes.kind[node] == NodeKind.LOGIT
    name = graph.answer_name(node) if is_answer else None
    return {
        "node": name or graph.nodes.short_name(node, graph.header.tokens),
        "weight": float(weights[best]),
    }
