"""The arrows between a circuit's parts: their width, their ends, what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from site_builder.html import Html, join, tag
from site_builder.pictures.part_boxes import BOX_WIDTH, Box, PartScene

WIDEST_ARROW = 7.0
THINNEST_ARROW = 1.5
PORT = 26  # between the ends of neighbouring arrows at a box
ANSWER = " answer"  # no part can have this id
STRONG_SHARE = 0.5  # a share of half the input or more is drawn at full width


def arrow_heads() -> Html:
    """The two arrow heads, one for each sign."""
    heads = []
    for sign, shape in (("positive", "M0 0L8 4L0 8z"), ("negative", "M1 0v8")):
        size = {
            "id": f"head-{sign}",
            "viewBox": "0 0 8 8",
            "refX": 2,
            "refY": 4,
            "markerWidth": 13,
            "markerHeight": 13,
            "markerUnits": "userSpaceOnUse",
            "orient": "auto",
        }
        heads.append(tag("marker", size, tag("path", {"class": f"head head-{sign}", "d": shape})))
    return tag("defs", {}, *heads)


@dataclass(frozen=True)
class Arrow:
    """An arrow between two boxes, before its ends are placed."""

    name: str
    share: float
    source: str
    target: str


def arrows(scene: PartScene, boxes: Mapping[str, Box], last: Sequence[str]) -> list[Html]:
    """The expected edges, and what the last parts do to the answer; ends are spread along a box."""
    drawn = [
        Arrow(
            f"arrow arrow-{edge.sign}" + ("" if edge.found else " arrow-missing"),
            edge.over_paths if edge.found else 0.0,
            edge.source,
            edge.target,
        )
        for edge in scene.edges
    ]
    for each in last:
        share = scene.answers.get(each, 0.0)
        sign = "positive" if share >= 0 else "negative"
        drawn.append(Arrow(f"arrow arrow-{sign}", share, each, ANSWER))
    starts, ends = spread(drawn, boxes, "source"), spread(drawn, boxes, "target")
    return [arrow_path(each, boxes, (starts[at], ends[at])) for at, each in enumerate(drawn)]


def spread(drawn: Sequence[Arrow], boxes: Mapping[str, Box], end: str) -> dict[int, float]:
    """Where each arrow leaves or reaches its box: side by side, in the order of the other ends."""
    other = "target" if end == "source" else "source"
    groups: dict[str, list[int]] = {}
    for at, each in enumerate(drawn):
        groups.setdefault(getattr(each, end), []).append(at)
    places = {}
    for name, members in groups.items():
        members.sort(key=lambda at: boxes[getattr(drawn[at], other)].x)
        for order, at in enumerate(members):
            places[at] = boxes[name].x + PORT * (order - (len(members) - 1) / 2)
    return places


def arrow_path(each: Arrow, boxes: Mapping[str, Box], ends: tuple[float, float]) -> Html:
    """A curve from the top of one box to the bottom of another; sideways within a level."""
    source, target = boxes[each.source], boxes[each.target]
    wide = THINNEST_ARROW + (WIDEST_ARROW - THINNEST_ARROW) * min(
        abs(each.share) / STRONG_SHARE, 1.0
    )
    sign = "negative" if "arrow-negative" in each.name else "positive"
    start_y, end_y = source.y - source.height / 2, target.y + target.height / 2 + 7
    if end_y < start_y:
        bend = (start_y - end_y) / 2
        way = (
            f"M{ends[0]:.0f} {start_y:.0f}C{ends[0]:.0f} {start_y - bend:.0f} "
            f"{ends[1]:.0f} {end_y + bend:.0f} {ends[1]:.0f} {end_y:.0f}"
        )
    else:
        step = 1 if target.x > source.x else -1
        from_x, to_x = source.x + step * BOX_WIDTH / 2, target.x - step * (BOX_WIDTH / 2 + 7)
        way = f"M{from_x:.0f} {source.y:.0f}L{to_x:.0f} {target.y:.0f}"
    head = f"url(#head-{sign})"
    return tag(
        "path", {"class": each.name, "d": way, "stroke-width": f"{wide:.1f}", "marker-end": head}
    )


def legend() -> Html:
    """What widths, dashes and dots mean."""
    entries = (
        ("arrow arrow-positive", "strengthens"),
        ("arrow arrow-negative", "weakens"),
        ("arrow arrow-missing arrow-positive", "expected, not found in this graph"),
    )
    items = []
    for name, words in entries:
        line = tag("path", {"class": name, "d": "M2 7H34", "stroke-width": 3})
        picture = tag("svg", {"width": 36, "height": 14, "aria-hidden": "true"}, line)
        items.append(tag("li", {}, picture, words))
    return tag("ul", {"class": "legend"}, join(items))
