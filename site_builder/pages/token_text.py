"""Text as tokens coloured by activation."""

from __future__ import annotations

from atlas.dashboards.dashboard import Example
from site_builder.html import Html, join, tag, text
from site_builder.numbers import fixed
from site_builder.part_nodes import WORD_MARKS

SHADES = 7


def example_block(example: Example, maximum: float) -> Html:
    """One example: its activation at the token it was chosen for, and its tokens, shaded."""
    shown = token_spans(example, maximum)
    value = example.activations[example.peak] if example.activations else 0.0
    return tag(
        "div",
        {"class": "example"},
        tag("span", {"class": "example-value"}, fixed(value)),
        tag("p", {"class": "tokens", "dir": "auto"}, *shown),
    )


def token_spans(example: Example, maximum: float) -> list[Html]:
    """Tokens with spaces between words, each shaded by its share of the largest activation."""
    tokens = example.tokens
    marked = any(token[:1] in WORD_MARKS for token in tokens if token)
    spans = []
    for index, (token, value) in enumerate(zip(tokens, example.activations, strict=True)):
        shade = shade_of(value, maximum)
        peak = index == example.peak
        gap = " " if index and (token[:1] in WORD_MARKS or not marked) else ""
        written = token.strip(WORD_MARKS) or token
        if not shade and not peak:
            spans.append(text(f"{gap}{written}"))
            continue
        names = ["token", *([f"heat-{shade}"] if shade else []), *(["token-peak"] if peak else [])]
        mark = tag("span", {"class": " ".join(names), "title": fixed(value)}, written)
        spans.append(join([gap, mark]))
    return spans


def shade_of(value: float, maximum: float) -> int:
    """How dark a token is shaded: 0 for not at all, SHADES for the feature's maximum."""
    share = max(value, 0.0) / maximum if maximum > 0 else 0.0
    return min(round(SHADES * share), SHADES)
