"""How much of the answers a circuit's graph explains: published scores and strict shares."""

from __future__ import annotations

from collections.abc import Mapping

from site_builder.html import Html, join, tag
from site_builder.numbers import fixed, percent
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
            tag("dl", {"class": "score-tiles"}, *tiles),
            share_bar(shares),
        ]
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
