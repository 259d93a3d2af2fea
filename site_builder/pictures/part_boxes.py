"""The boxes of a circuit's parts: what they say and where they stand."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

from atlas.entries.circuit import Circuit, Part
from site_builder.html import Html, tag
from site_builder.part_marks import part_class, part_letter
from site_builder.part_nodes import FoundEdge

BOX_WIDTH = 190  # pixels: a line of WRAP wide letters beside the part's own
LINE_HEIGHT = 17
BOX_PADDING = 24
COLUMN = 230  # from box to box
LEVEL = 96  # from box to box, upwards
MARGIN = 14
WRAP = 21  # characters of a label in one line
MOST_LINES = 3
ANSWER_HEIGHT = 34
TOKEN_ROOM = 44  # under the boxes, for the tokens of the columns


@dataclass(frozen=True)
class Box:
    """A part's box: its middle, its height, its lines of text."""

    x: float
    y: float
    height: float
    lines: tuple[str, ...]
    has_value: bool = False  # whether the last line is a value rather than label


@dataclass(frozen=True)
class PartScene:
    """What the picture shows."""

    circuit: Circuit
    columns: Mapping[str, float]  # position of each part in the prompt; any order, ties stack
    values: Mapping[str, str]  # the drawn prompt's value of each keyed part
    edges: tuple[FoundEdge, ...]
    answers: Mapping[str, float]  # share of the answer that comes from each part, over all paths
    answer: str
    tokens: Mapping[float, str] = field(default_factory=dict)  # the token of each column


def place_boxes(scene: PartScene) -> dict[str, Box]:
    """A box for each part: columns by position in the prompt, levels by mean layer."""
    parts = scene.circuit.parts
    places = sorted({scene.columns[part.id] for part in parts})
    depth = levels(scene)
    highest = max(depth.values())
    boxes = {}
    for part in parts:
        lines = box_lines(part, scene.values.get(part.id, ""))
        height = BOX_PADDING + LINE_HEIGHT * len(lines)
        x = MARGIN + BOX_WIDTH / 2 + COLUMN * places.index(scene.columns[part.id])
        y = MARGIN + ANSWER_HEIGHT + 66 + 20 + LEVEL * (highest - depth[part.id])
        boxes[part.id] = Box(x, y, height, lines, bool(scene.values.get(part.id)))
    return boxes


def levels(scene: PartScene) -> dict[str, int]:
    """How high each part stands: above every part that leads to it, one part per place."""
    order = sorted(scene.circuit.parts, key=mean_layer)
    level: dict[str, int] = {}
    taken: set[tuple[float, int]] = set()
    for part in order:
        below = [
            level[e.source]
            for e in scene.circuit.edges
            if e.target == part.id and e.source in level
        ]
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
    frame = {
        "x": f"{left:.0f}",
        "y": f"{top:.0f}",
        "width": BOX_WIDTH,
        "height": f"{box.height:.0f}",
        "rx": 7,
    }
    first = top + BOX_PADDING / 2 + 13
    texts = [
        tag(
            "text",
            {
                "class": text_class(box, number),
                "x": f"{left + 36:.0f}",
                "y": f"{first + LINE_HEIGHT * number:.0f}",
            },
            line,
        )
        for number, line in enumerate(box.lines)
    ]
    letter = tag(
        "text",
        {"class": "box-letter", "x": f"{left + 18:.0f}", "y": f"{box.y + 5:.0f}"},
        part_letter(index),
    )
    return tag("g", {"class": f"box {part_class(index)}"}, tag("rect", frame), letter, *texts)


def text_class(box: Box, line: int) -> str:
    """The last line stands out where it is the value that the part has in the drawn prompt."""
    return "box-text box-value" if box.has_value and line == len(box.lines) - 1 else "box-text"


def answer_box(answer: Box) -> Html:
    """The answer at the top."""
    width = max(70, 9 * len(answer.lines[0]) + 30)
    frame = {
        "x": f"{answer.x - width / 2:.0f}",
        "y": MARGIN,
        "width": width,
        "height": ANSWER_HEIGHT,
        "rx": ANSWER_HEIGHT / 2,
    }
    words = {"class": "answer-text", "x": f"{answer.x:.0f}", "y": f"{answer.y + 5:.0f}"}
    return tag(
        "g", {"class": "answer-box"}, tag("rect", frame), tag("text", words, answer.lines[0])
    )
