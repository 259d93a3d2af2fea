"""How much of the answers a circuit's graph explains: published scores and strict shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from site_builder.html import Html, join, tag
from site_builder.numbers import fixed, percent, whole
from site_builder.records import CircuitRecord

SCORES = (
    (
        "replacement",
        "replacement",
        "influence that starts at tokens rather than at errors (published)",
    ),
    (
        "graph_completeness",
        "graph completeness",
        "input that does not come from errors (published)",
    ),
)
SHARES = (
    ("token_share", "tokens"),
    ("error_share", "errors"),
    ("constant_share", "constants"),
    ("dropped_share", "dropped"),
)


def scores_block(record: CircuitRecord) -> Html:
    """The graph's published and strict scores, with what they mean."""
    graph = record.result.get("graph") if record.result else None
    scores = graph.get("scores") if isinstance(graph, Mapping) else None
    if not isinstance(scores, Mapping):
        return Html("")
    known = {key: float(value) for key, value in scores.items() if isinstance(value, int | float)}
    tiles = [
        tag("div", {"title": words}, tag("dt", {}, name), tag("dd", {}, fixed(known[key], 3)))
        for key, name, words in SCORES
        if key in known
    ]
    shares = [(key, name, max(known.get(key, 0.0), 0.0)) for key, name in SHARES]
    for key, name, share in shares:
        swatch = tag(
            "svg",
            {"class": "swatch", "width": 11, "height": 11, "aria-hidden": "true"},
            tag("rect", {"class": f"share-{key.split('_')[0]}", "width": 11, "height": 11}),
        )
        tiles.append(
            tag("div", {}, tag("dt", {}, swatch, f"from {name}"), tag("dd", {}, percent(share, 1)))
        )
    note = tag(
        "p",
        {"class": "section-note"},
        (
            "How much of the answers the graph explains. The two published "
            "scores look at features, errors and tokens only; the four "
            "shares count every path into the answers and sum to 1."
        ),
    )
    return join(
        [
            tag("h3", {"id": "scores"}, "Scores of this graph"),
            note,
            approximation_note(graph or {}),
            tag("dl", {"class": "score-tiles"}, *tiles),
            share_bar(shares),
        ]
    )


def approximation_note(graph: Mapping[str, Any]) -> Html:
    """How far the edges are from measured effects; nothing where they are exact."""
    found = graph.get("approximate")
    if not isinstance(found, Mapping):
        return Html("")
    steps = int(found.get("steps", 1))
    method = "gradients" if steps == 1 else f"integrated gradients in {steps} steps"
    checked = "how far they are off was not checked"
    if found.get("edges"):
        error, correlation = (float(found[name]) for name in ("relative_error", "correlation"))
        checked = (
            f"they are off by {percent(error)} of the effects of "
            f"{whole(int(found['sources']))} features that were taken out of the model "
            f"({whole(int(found['edges']))} edges, correlation {fixed(correlation)})"
        )
    return tag(
        "p",
        {"class": "section-note"},
        tag("strong", {}, "Edges are approximate"),
        f", by {method}: {checked}. Claims do not rest on them: they are measured in the model.",
    )


def share_bar(shares: list[tuple[str, str, float]]) -> Html:
    """The four shares as one bar."""
    total = sum(share for _, _, share in shares) or 1.0
    start, marks = 0.0, []
    for key, _, share in shares:
        width = 100 * share / total
        marks.append(
            tag(
                "rect",
                {
                    "class": f"share-{key.split('_')[0]}",
                    "x": f"{start:.2f}%",
                    "width": f"{width:.2f}%",
                    "height": 10,
                },
            )
        )
        start += width
    words = ", ".join(f"{name} {percent(share, 1)}" for _, name, share in shares)
    return tag(
        "svg",
        {"class": "share-bar", "width": "100%", "height": 10, "role": "img", "aria-label": words},
        *marks,
    )
