"""What `atlas graph` says about a graph: its size, answers, scores and strongest edges."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from atlas.errors import GraphError
from atlas.graphs.given_up import bounds
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.influence import influence
from atlas.graphs.scores import score

KIND_NAMES = {
    NodeKind.FEATURE: ("feature", "features"),
    NodeKind.ERROR: ("error", "errors"),
    NodeKind.TOKEN: ("token", "tokens"),
    NodeKind.CONSTANT: ("constant", "constants"),
    NodeKind.DROPPED: ("node of dropped mass", "nodes of dropped mass"),
    NodeKind.LOGIT: ("logit", "logits"),
}


def summary_of(graph: AttributionGraph, top: int) -> dict[str, Any]:
    """What `show` says, as plain values."""
    amounts = influence(graph)
    shares = amounts / max(float(amounts.sum()), np.finfo(float).tiny)
    first_nodes = [node for node in np.argsort(-shares, kind="stable")[:top] if shares[node] > 0]
    edges = graph.edges
    first_edges = np.argsort(-np.abs(edges.weights), kind="stable")[:top]
    gap = None if graph.row_totals is None else float(np.abs(graph.closure_gap()).max(initial=0))
    return {
        "model": graph.header.model,
        "dictionary": graph.header.dictionary,
        "prompt": graph.header.prompt,
        "size": f"{counted_nodes(graph)}; {graph.rows.nnz:,} edges",
        "tracing": tracing_of(graph),
        "approximate": graph.header.provenance.get("approximate"),
        "largest_closure_gap": gap,
        "answers": {
            _answer(graph, int(node)): round(float(graph.nodes.value[node]), 6)
            for node in graph.logit_nodes
        },
        "scores": scores_or_reason(graph),
        "nodes": [
            {"node": named(graph, int(node)), "influence_share": float(shares[node])}
            for node in first_nodes
        ],
        "edges": [
            {
                "source": named(graph, int(edges.sources[edge])),
                "target": named(graph, int(edges.targets[edge])),
                "weight": float(edges.weights[edge]),
            }
            for edge in first_edges
        ],
    }


def summary_text(summary: dict[str, Any]) -> str:
    """The summary for people."""
    gap = summary["largest_closure_gap"]
    closure = "unknown (the file has no totals)" if gap is None else f"closed to {gap:.1e}"
    answers = (f"{token!r} {probability:.3f}" for token, probability in summary["answers"].items())
    scores = summary["scores"]
    lines = [
        f"prompt   {summary['prompt']!r}",
        f"model    {summary['model']}, dictionary {summary['dictionary'] or 'unknown'}",
        f"size     {summary['size']}",
        *(f"traced   {words}" for words in tracing_text(summary["tracing"])),
        f"rows     {closure}",
        *approximation_text(summary["approximate"]),
        f"answers  {', '.join(answers) or 'none'}",
        "",
        scores if isinstance(scores, str) else scores_text(scores),
        "",
        "share of influence",
        *(f"  {item['influence_share']:6.1%}  {item['node']}" for item in summary["nodes"]),
        "",
        "strongest edges",
        *(
            f"  {item['weight']:+9.3f}  {item['source']} -> {item['target']}"
            for item in summary["edges"]
        ),
    ]
    return "\n".join(lines)


def tracing_of(graph: AttributionGraph) -> dict[str, Any] | None:
    """How much of the active features has rows, and the bound that was asked for; None: unknown."""
    found = graph.header.provenance.get("tracing")
    if found is None:
        return None
    asked = {"until": graph.header.settings.get("until")}
    if graph.given_up is not None:
        asked["keep"] = graph.header.settings.get("keep")
    return {**found, **asked}


def tracing_text(found: dict[str, Any] | None) -> list[str]:
    """The same in a line, or in none."""
    if found is None:
        return []
    until, given_up = found["until"], found.get("given_up_mass")
    words = [
        f"{found['traced_features']:,} of {found['active_features']:,} active features; "
        f"unvisited mass {found['unvisited_mass']:.2%}"
        + ("" if until is None else f" (asked for: at most {until:.2%})")
    ]
    if given_up is not None:
        kept = "a share" if found.get("keep") is None else f"{found['keep']:.5g}"
        words.append(f"{kept} of each row; given-up mass {given_up:.2%}")
    return words


def approximation_text(found: dict[str, Any] | None) -> list[str]:
    """How edges were estimated and how far off they are, in a line; none where they are exact."""
    if found is None:
        return []
    steps = found["steps"]
    method = "by the gradient" if steps == 1 else f"by integrated gradients in {steps} steps"
    checked = (
        f"off by {found['relative_error']:.0%} of the effects on {found['edges']:,} edges from "
        f"{found['sources']} features that were taken out of the model (correlation "
        f"{found['correlation']:.3f})"
        if found["edges"]
        else "not checked"
    )
    complete = found.get("ig_completeness")
    return [
        f"edges are approximate, {method}: {checked}"
        + ("" if complete is None else f"; rows complete to {complete:.1%}")
    ]


def _answer(graph: AttributionGraph, node: int) -> str:
    """An answer's token, with its position where the same token may stand for another answer."""
    label = graph.nodes.label[node] or str(graph.nodes.index[node])
    alike = [other for other in graph.logit_nodes if graph.nodes.label[other] == label]
    return label if len(alike) < 2 else f"{label}@{graph.nodes.position[node]}"


def named(graph: AttributionGraph, node: int) -> str:
    """A node in words, with the token that it stands on."""
    position = int(graph.nodes.position[node])
    label = graph.nodes.label[node]
    if graph.nodes.kind[node] == NodeKind.LOGIT:
        return graph.answer_name(node)
    words = graph.nodes.describe(node)
    if graph.nodes.kind[node] in (NodeKind.FEATURE, NodeKind.ERROR, NodeKind.TOKEN):
        words = f"{words} {graph.header.tokens[position]!r}"
    return f"{words} ({label})" if graph.nodes.kind[node] == NodeKind.FEATURE and label else words


def counted_nodes(graph: AttributionGraph) -> str:
    """How many nodes of each kind there are."""
    counts = {kind: len(graph.nodes_of(kind)) for kind in NodeKind}
    each = (f"{n:,} {KIND_NAMES[kind][n != 1]}" for kind, n in counts.items() if n)
    return f"{len(graph.nodes):,} nodes ({', '.join(each)})"


def scores_text(scores: dict[str, Any]) -> str:
    """Scores for people, published ones first."""
    text = (
        f"replacement {scores['replacement']:.3f}, graph completeness "
        f"{scores['graph_completeness']:.3f} (as published)\n"
        f"paths start at tokens {scores['token_share']:.1%}, errors {scores['error_share']:.1%}, "
        f"constants {scores['constant_share']:.1%}, dropped mass {scores['dropped_share']:.1%}"
    )
    if "parts" in scores:
        text = f"{text}\n{parts_text(scores['parts'])}"
    limits = scores.get("off_by_at_most")
    return text if limits is None else f"{text}\n{bounds_text(limits)}"


def parts_text(found: dict[str, Any] | str) -> str:
    """How completely the parts stand for all features, for people."""
    if isinstance(found, str):
        return found
    return (
        f"circuit completeness {found['circuit_completeness']:.3f}, worst {found['worst']:.3f}, "
        f"over {found['subsets']} sets of parts that were taken away"
    )


def bounds_text(found: dict[str, float]) -> str:
    """By how much scores can be off because rows gave up small weights, for people."""
    return (
        "off by at most, for what rows gave up: any node's influence "
        f"{found['influence']:.2%}, what a set of nodes holds {found['held_share']:.2%}, "
        f"replacement {found['replacement']:.4f}, "
        f"graph completeness {found['graph_completeness']:.4f}; strict shares too small by "
        f"{found['strict_shares']:.2%} together"
    )


def scores_and_bounds(graph: AttributionGraph) -> dict[str, Any]:
    """The scores, and under `off_by_at_most` their bounds where rows gave something up."""
    found: dict[str, Any] = asdict(score(graph))
    limits = bounds(graph)
    return found if limits is None else {**found, "off_by_at_most": asdict(limits)}


def scores_or_reason(graph: AttributionGraph) -> dict[str, Any] | str:
    """The scores, or why there are none."""
    try:
        return scores_and_bounds(graph)
    except GraphError as problem:
        return f"no scores: {problem}"


def scores_before_after(before: AttributionGraph, after: AttributionGraph) -> str:
    """The scores that pruning changes, before and after it."""
    first, second = scores_or_reason(before), scores_or_reason(after)
    if isinstance(first, str) or isinstance(second, str):
        return first if isinstance(first, str) else str(second)
    names = ("replacement", "graph_completeness", "dropped_share")
    return ", ".join(
        f"{name.replace('_', ' ')} {first[name]:.3f} -> {second[name]:.3f}" for name in names
    )
