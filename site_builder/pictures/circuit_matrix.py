"""The matrix of circuits as an SVG: the darker a cell, the more two circuits share.

Each cell says its number, so that nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from site_builder.html import Html, tag
from site_builder.shared_content import Likeness, Shared, features_of_parts

MOST_DRAWN = 12  # circuits; more would make the page heavy and the numbers small
CELL = 44  # pixels
NAMES = 290  # pixels for titles at the left: so many characters of a wide font fit
TITLE_LENGTH = 32  # characters
SHOWN_FROM = 0.005


def circuit_matrix(shared: Shared, order: Sequence[int]) -> Html:
    """Rows and columns in one order; columns are numbered like the rows."""
    side = CELL * len(order)
    frame = {
        "class": "map-matrix",
        "viewBox": f"0 0 {NAMES + side} {CELL + side}",
        "width": NAMES + side,
        "height": CELL + side,
        "role": "img",
        "aria-label": f"How much {len(order)} circuits share, each with each; the table of pairs "
        "says the same in words.",
    }
    marks = []
    for at, circuit in enumerate(order):
        title = shared.circuits[circuit]["title"]
        short = title if len(title) <= TITLE_LENGTH else f"{title[: TITLE_LENGTH - 1]}…"
        middle = CELL * at + CELL // 2
        name = {"x": NAMES - 34, "y": CELL + middle + 4, "class": "map-name"}
        marks.append(tag("text", name, short))
        number = {"x": NAMES - 12, "y": CELL + middle + 4, "class": "map-number"}
        marks.append(tag("text", number, at + 1))
        above = {"x": NAMES + middle, "y": CELL - 10, "class": "map-number"}
        marks.append(tag("text", above, at + 1))
    likeness = shared.likeness(order, order)
    for down, one in enumerate(order):
        for right in range(len(order)):
            if down == right:
                marks += own_cell(len(features_of_parts(shared.circuits[one])), down)
            else:
                marks += cell(likeness, (down, right))
    return tag("svg", frame, *marks)


def own_cell(features: int, place: int) -> list[Html]:
    """A cell of the diagonal: how many features stand in the circuit's parts."""
    square, middle = frames((place, place))
    words = tag("text", {**middle, "class": "map-own"}, features)
    return [tag("rect", {**square, "class": "map-diagonal"}), words]


def cell(likeness: Likeness, place: tuple[int, int]) -> list[Html]:
    """One cell: nothing where nothing is shared."""
    square, middle = frames(place)
    down, right = place
    value = float((likeness.cosine if right > down else likeness.jaccard)[place])
    if value < SHOWN_FROM:
        return [tag("rect", {**square, "class": "map-empty"})]
    kind = "map-cosine" if right > down else "map-jaccard"
    strength = f"{0.08 + 0.5 * min(value, 1.0):.2f}"
    filled = tag("rect", {**square, "class": kind, "fill-opacity": strength})
    return [filled, tag("text", {**middle, "class": "map-value"}, f"{value:.2f}")]


def frames(place: tuple[int, int]) -> tuple[dict[str, int], dict[str, int]]:
    """The square of a cell, and the middle for its number."""
    y, x = CELL + CELL * place[0], NAMES + CELL * place[1]
    square = {"x": x + 1, "y": y + 1, "width": CELL - 2, "height": CELL - 2}
    return square, {"x": x + CELL // 2, "y": y + CELL // 2 + 4}
