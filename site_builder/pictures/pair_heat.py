"""A heat map of an attention score: what each pair of sources adds to it or takes from it.

Rows are what reaches the query's place, columns what reaches the key's; the last row and column
hold all other sources, so that the cells add up to the score. Colours come from the style sheet by
class; the number stands in each cell, so that nothing hangs on colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from atlas.graphs.attention_score import AttentionScore
from atlas.graphs.nodes import NodeKind
from site_builder.html import Html, tag
from site_builder.numbers import signed
from site_builder.tables import scrolling

CELL_WIDTH, CELL_HEIGHT = 52, 26  # pixels; the style sheet makes each cell 2 smaller
LABEL_WIDTH = 196  # pixels, of the rows' names
LABEL_HEIGHT = 108  # pixels, of the columns' names, which are slanted
BASELINE = 16  # pixels below a row's upper edge
SLANT = -38  # degrees
OVERHANG = 110  # pixels that the last slanted name needs at the right
LONGEST_TOKEN = 14  # characters
DEEPEST = 0.6  # opacity of the strongest cell; the number on it stays readable
OTHERS = "all others"


def pair_heat(score: AttentionScore) -> Html:
    """The heat map as SVG, with a sentence for those who cannot see it."""
    rows = [*(source_name(score, int(one)) for one in score.table.query), OTHERS]
    columns = [*(source_name(score, int(one)) for one in score.table.key), OTHERS]
    largest = float(abs(score.table.values).max(initial=0.0)) or 1.0
    marks = [column_name(name, at) for at, name in enumerate(columns)]
    marks += [
        heat_row(name, at, score.table.values[at].tolist(), largest) for at, name in enumerate(rows)
    ]
    width = LABEL_WIDTH + CELL_WIDTH * len(columns) + OVERHANG
    height = LABEL_HEIGHT + CELL_HEIGHT * len(rows) + 4
    size = {"width": width, "height": height, "viewBox": f"0 0 {width} {height}"}
    picture = tag(
        "svg", {"class": "pair-heat", "role": "img", "aria-label": in_words(score), **size}, *marks
    )
    return scrolling("Pairs of sources", picture)


def source_name(score: AttentionScore, source: int) -> str:
    """A source in as few words as fit beside a row."""
    nodes = score.sources
    kind, position = NodeKind(int(nodes.kind[source])), int(nodes.position[source])
    if kind is NodeKind.CONSTANT:
        return nodes.label[source].replace("_", " ")
    token = score.tokens[position].strip() or score.tokens[position]
    if len(token) > LONGEST_TOKEN:
        token = token[: LONGEST_TOKEN - 1] + "…"
    place = f"“{token}” ({position})"
    if kind is NodeKind.TOKEN:
        return f"token {place}"
    if kind is NodeKind.ERROR:
        return f"error {nodes.layer[source]} at {place}"
    return f"{nodes.layer[source]}-{nodes.index[source]} at {place}"


def in_words(score: AttentionScore) -> str:
    """The heat map as one sentence."""
    words = f"Score {signed(score.score)}, the sum of all cells."
    if len(score.strongest.value):
        query, key = int(score.strongest.query[0]), int(score.strongest.key[0])
        words += (
            f" The strongest pair is {source_name(score, query)} with {source_name(score, key)}, "
            f"{signed(float(score.strongest.value[0]))}."
        )
    return words


def column_name(name: str, at: int) -> Html:
    """What a column stands for, slanted above it."""
    x = LABEL_WIDTH + CELL_WIDTH * (at + 0.5)
    turned = f"translate({x:g} {LABEL_HEIGHT - 7}) rotate({SLANT})"
    return tag("text", {"class": "heat-name", "transform": turned}, name)


def heat_row(name: str, at: int, values: Sequence[float], largest: float) -> Html:
    """One row: its name, and a cell for each column, the deeper the nearer to the largest."""
    words = {"class": "heat-name", "x": LABEL_WIDTH - 8, "y": BASELINE, "text-anchor": "end"}
    cells, numbers = [tag("text", words, name)], []
    for across, value in enumerate(values):
        x = LABEL_WIDTH + CELL_WIDTH * across
        # A root, because all but the strongest would vanish.
        opacity = f"{DEEPEST * math.sqrt(min(abs(value) / largest, 1.0)):.2f}"
        kind = "heat-adds" if value >= 0 else "heat-takes"
        cells.append(tag("rect", {"class": kind, "x": x + 1, "fill-opacity": opacity}))
        numbers.append(tag("text", {"x": x + CELL_WIDTH // 2}, signed(value)))
    down = LABEL_HEIGHT + CELL_HEIGHT * at
    lower = {"class": "heat-values", "transform": f"translate(0 {BASELINE})"}
    return tag("g", {"transform": f"translate(0 {down})"}, *cells, tag("g", lower, *numbers))
