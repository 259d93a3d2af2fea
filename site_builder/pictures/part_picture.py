"""The circuit in one look: its parts as boxes over the prompt, its edges as arrows to the answer.

Boxes stand over the token at which the part acts, higher where its features lie in later layers.
An arrow's width is the share that the drawn prompt's graph gives it over all paths; an expected
edge that the graph does not show is a thin dotted line.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from atlas.entries.circuit import Circuit, Part
from site_builder.html import Html, join, tag
from site_builder.part_marks import part_class, part_letter
from site_builder.part_nodes import FoundEdge

BOX_WIDTH = 176
LINE_HEIGHT = 17
BOX_PADDING = 24
COLUMN = 216  # from box to box
LEVEL = 96  # from box to box, upwards
MARGIN = 14
WRAP = 21  # characters of a label in one line
MOST_LINES = 3
ANSWER_HEIGHT = 34
WIDEST_ARROW = 7.0
STRONG_SHARE = 0.5  # a share of half the input or more is drawn at full width


@dataclass(frozen=True)
class Box:
    """A part's box: its middle, its height, its lines of text."""

    x: float
    y: float
    height: float
    lines: tuple[str, ...]


@dataclass(frozen=True)
class PartScene:
    """What the picture shows."""

    circuit: Circuit
    columns: Mapping[str, float]  # position of each part in the prompt; any order, ties stack
    values: Mapping[str, str]  # the drawn prompt's value of each keyed part
    edges: tuple[FoundEdge, ...]
    answers: Mapping[str, float]  # share of the answer that comes from each part, over all paths
    answer: str


def part_svg(scene: PartScene) -> Html:
    """The picture; empty if the circuit has no parts."""
    if not scene.circuit.parts:
        return Html("")
    boxes = place_boxes(scene)
    top_parts = [part.id for part in scene.circuit.parts if is_last(scene.circuit, part)]
    width = max(box.x for box in boxes.values()) + BOX_WIDTH / 2 + MARGIN
    height = max(box.y + box.height / 2 for box in boxes.values()) + MARGIN
    answer = Box(sum(boxes[each].x for each in top_parts) / len(top_parts), MARGIN + ANSWER_HEIGHT / 2, ANSWER_HEIGHT, (scene.answer,))
    arrows = [edge_arrow(edge, boxes) for edge in scene.edges]
    arrows += [answer_arrow(scene.answers.get(each, 0.0), boxes[each], answer) for each in top_parts]
    drawn = [part_box(index, boxes[part.id]) for index, part in enumerate(scene.circuit.parts)]
    frame = {
        "class": "part-svg",
        "viewBox": f"0 0 {width:.0f} {height:.0f}",
        "width": f"{width:.0f}",
        "height": f"{height:.0f}",
        "role": "img",
        "aria-label": in_words(scene),
    }
    return tag("svg", frame, arrow_heads(), *arrows, *drawn, answer_box(answer))


def is_last(circuit: Circuit, part: Part) -> bool:
    """Whether no expected edge leads on from the part, so that it acts on the answer itself."""
    sources = {edge.source for edge in circuit.edges}
    sinks = [each.id for each in circuit.parts if each.id not in sources]
    return part.id in sinks if sinks else part is circuit.parts[-1]


def in_words(scene: PartScene) -> str:
    """The picture as sentences."""
    labels = {part.id: part.label for part in scene.circuit.parts}
    said = [f"{labels[e.source]} {'strengthens' if e.sign == 'positive' else 'weakens'} {labels[e.target]}" for e in scene.edges]
    return f"The circuit's parts: {'; '.join(said) or ', '.join(labels.values())}. Answer: {scene.answer}."


def place_boxes(scene: PartScene) -> dict[str, Box]:
    """A box for each part: columns by position in the prompt, levels by mean layer."""
    parts = scene.circuit.parts
    places = sorted(set(scene.columns[part.id] for part in parts))
    depth = levels(scene)
    highest = max(depth.values())
    boxes = {}
    for part in parts:
        lines = box_lines(part, scene.values.get(part.id, ""))
        height = BOX_PADDING + LINE_HEIGHT * len(lines)
        x = MARGIN + BOX_WIDTH / 2 + COLUMN * places.index(scene.columns[part.id])
        y = MARGIN + ANSWER_HEIGHT + 66 + 20 + LEVEL * (highest - depth[part.id])
        boxes[part.id] = Box(x, y, height, lines)
    return boxes


def levels(scene: PartScene) -> dict[str, int]:
    """How high each part stands: above every part that leads to it, one part per place."""
    order = sorted(scene.circuit.parts, key=mean_layer)
    level: dict[str, int] = {}
    taken: set[tuple[float, int]] = set()
    for part in order:
        below = [level[e.source] for e in scene.circuit.edges if e.target == part.id and e.source in level]
        height = max(below, default=-1) + 1
        while (scene.columns[part.id], height) in taken:
            height += 1
        level[part.id] = height
        taken.add((scene.columns[part.id], height))
    return level


def mean_layer(part: Part) -> float:
    """The mean layer of a part's features and heads."""
    layers = [each.layer for each in part.all_features] + [head.layer for head in part.heads]
    return sum(layers) / len(layers) if layers else 0.0


def box_lines(part: Part, value: str) -> tuple[str, ...]:
    """A part's label in a few lines, and the value that it has in the drawn prompt."""
    lines = textwrap.wrap(part.label, WRAP) or [""]
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], lines[MOST_LINES - 1] + "…"]
    lines = [line if len(line) <= WRAP + 1 else line[:WRAP] + "…" for line in lines]
    return (*lines, value[:WRAP]) if value else tuple(lines)


def part_box(index: int, box: Box) -> Html:
    """A part's box with its letter and label."""
    left, top = box.x - BOX_WIDTH / 2, box.y - box.height / 2
    frame = {"x": f"{left:.0f}", "y": f"{top:.0f}", "width": BOX_WIDTH, "height": f"{box.height:.0f}", "rx": 7}
    first = top + BOX_PADDING / 2 + 13
    texts = [
        tag("text", {"class": "box-text", "x": f"{left + 36:.0f}", "y": f"{first + LINE_HEIGHT * number:.0f}"}, line)
        for number, line in enumerate(box.lines)
    ]
    letter = tag("text", {"class": "box-letter", "x": f"{left + 18:.0f}", "y": f"{box.y + 5:.0f}"}, part_letter(index))
    return tag("g", {"class": f"box {part_class(index)}"}, tag("rect", frame), letter, *texts)


def answer_box(answer: Box) -> Html:
    """The answer at the top."""
    width = max(70, 9 * len(answer.lines[0]) + 30)
    frame = {"x": f"{answer.x - width / 2:.0f}", "y": MARGIN, "width": width, "height": ANSWER_HEIGHT, "rx": ANSWER_HEIGHT / 2}
    words = {"class": "answer-text", "x": f"{answer.x:.0f}", "y": f"{answer.y + 5:.0f}"}
    return tag("g", {"class": "answer-box"}, tag("rect", frame), tag("text", words, answer.lines[0]))


def arrow_heads() -> Html:
    """The two arrow heads, one for each sign."""
    heads = []
    for sign, shape in (("positive", "M0 0L8 4L0 8z"), ("negative", "M1 0v8")):
        size = {"id": f"head-{sign}", "viewBox": "0 0 8 8", "refX": 6, "refY": 4, "markerWidth": 11, "markerHeight": 11, "markerUnits": "userSpaceOnUse", "orient": "auto"}
        heads.append(tag("marker", size, tag("path", {"class": f"head head-{sign}", "d": shape})))
    return tag("defs", {}, *heads)


def edge_arrow(edge: FoundEdge, boxes: Mapping[str, Box]) -> Html:
    """An expected edge; thin and dotted if the graph does not show it."""
    source, target = boxes[edge.source], boxes[edge.target]
    name = f"arrow arrow-{edge.sign}" + ("" if edge.found else " arrow-missing")
    return arrow(name, edge.over_paths if edge.found else 0.0, source, target)


def answer_arrow(share: float, source: Box, answer: Box) -> Html:
    """What the last parts do to the answer."""
    sign = "positive" if share >= 0 else "negative"
    return arrow(f"arrow arrow-{sign}", share, source, answer)


def arrow(name: str, share: float, source: Box, target: Box) -> Html:
    """A curve from the top of one box to the bottom of another; sideways within a level."""
    wide = 1.5 + (WIDEST_ARROW - 1.5) * min(abs(share) / STRONG_SHARE, 1.0)
    sign = "negative" if "arrow-negative" in name else "positive"
    start_y, end_y = source.y - source.height / 2, target.y + target.height / 2 + 4
    if end_y < start_y:
        bend = (start_y - end_y) / 2
        way = f"M{source.x:.0f} {start_y:.0f}C{source.x:.0f} {start_y - bend:.0f} {target.x:.0f} {end_y + bend:.0f} {target.x:.0f} {end_y:.0f}"
    else:
        step = 1 if target.x > source.x else -1
        from_x, to_x = source.x + step * BOX_WIDTH / 2, target.x - step * (BOX_WIDTH / 2 + 4)
        way = f"M{from_x:.0f} {source.y:.0f}L{to_x:.0f} {target.y:.0f}"
    return tag("path", {"class": name, "d": way, "stroke-width": f"{wide:.1f}", "marker-end": f"url(#head-{sign})"})


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
