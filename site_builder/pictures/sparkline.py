"""A claim's effect over the last nights, in the band of what was accepted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date

from atlas.entries.journal import ClaimPoint
from site_builder.html import Html, tag
from site_builder.numbers import fixed, number

WIDTH, HEIGHT, MARGIN = 160, 36, 4  # pixels
HEIGHT_OF_TOLERANCE = 3.0  # the picture shows at least so many tolerances to both sides

Night = tuple[date, ClaimPoint | None, bool]
"""A night, the claim's point if it was measured, and whether the entry was bad."""


def sparkline(claim: str, nights: Sequence[Night]) -> Html:
    """A line through the nights that were measured; bad ones carry a cross."""
    points = [(at, point) for at, (_, point, _) in enumerate(nights) if point is not None]
    if not points:
        return tag("span", {"class": "reason-plain"}, "not measured")
    last = points[-1][1]
    low, high = _range([point.value for _, point in points], last)
    step = (WIDTH - 2 * MARGIN) / max(len(nights) - 1, 1)

    def x(at: int) -> float:
        return MARGIN + at * step if len(nights) > 1 else WIDTH / 2

    def y(value: float) -> float:
        return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (value - low) / (high - low)

    shapes = [_band(last, y)] if last.accepted is not None else []
    line = " ".join(f"{x(at):.1f},{y(point.value):.1f}" for at, point in points)
    shapes.append(tag("polyline", {"class": "spark-line", "points": line}))
    for at, (_, point, bad) in enumerate(nights):
        if bad:
            where = y(point.value) if point is not None else HEIGHT / 2
            shapes.append(_cross(x(at), where))
    end = points[-1]
    dot = {"class": "spark-end", "cx": f"{x(end[0]):.1f}", "cy": f"{y(last.value):.1f}", "r": 2.5}
    shapes.append(tag("circle", dot))
    return tag(
        "svg",
        {
            "class": "sparkline",
            "viewBox": f"0 0 {WIDTH} {HEIGHT}",
            "width": WIDTH,
            "height": HEIGHT,
            "role": "img",
            "aria-label": in_words(claim, nights, last),
        },
        *shapes,
    )


def in_words(claim: str, nights: Sequence[Night], last: ClaimPoint) -> str:
    """The picture as a sentence."""
    bad = sum(1 for _, _, each in nights if each)
    told = f"{claim}: {fixed(last.value, 3)} on the last of {len(nights)} nights"
    if last.accepted is not None and last.tolerance is not None:
        told += f", accepted {fixed(last.accepted, 3)} ± {number(last.tolerance)}"
    return f"{told}; {bad} bad."


def _range(values: Sequence[float], last: ClaimPoint) -> tuple[float, float]:
    shown = [value for value in values if math.isfinite(value)]
    if last.accepted is not None:
        room = HEIGHT_OF_TOLERANCE * (last.tolerance or 0.0)
        shown += [last.accepted - room, last.accepted + room]
    low, high = min(shown, default=0.0), max(shown, default=1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _band(last: ClaimPoint, y: Callable[[float], float]) -> Html:
    accepted, tolerance = last.accepted or 0.0, last.tolerance or 0.0
    top, bottom = y(accepted + tolerance), y(accepted - tolerance)
    return tag(
        "rect",
        {
            "class": "spark-band",
            "x": 0,
            "y": f"{top:.1f}",
            "width": WIDTH,
            "height": f"{max(bottom - top, 1):.1f}",
        },
    )


def _cross(x: float, y: float) -> Html:
    way = f"M{x - 3:.1f} {y - 3:.1f}l6 6m0-6l-6 6"
    return tag("path", {"class": "spark-bad", "d": way})
