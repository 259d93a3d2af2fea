"""The circuit in one look: its parts as boxes over the prompt, its edges as arrows to the answer.

Boxes stand over the token at which the part acts, higher where its features lie in later layers.
An arrow's width is the share that the drawn prompt's graph gives it over all paths; an expected
edge that the graph does not show is a thin dotted line.
"""

from __future__ import annotations

from collections.abc import Mapping

from atlas.entries.circuit import Circuit, Part
from site_builder.html import Html, tag
from site_builder.pictures.part_arrows import ANSWER, arrow_heads, arrows
from site_builder.pictures.part_boxes import (
    ANSWER_HEIGHT,
    BOX_WIDTH,
    MARGIN,
    TOKEN_ROOM,
    WRAP,
    Box,
    PartScene,
    answer_box,
    part_box,
    place_boxes,
)


def part_svg(scene: PartScene) -> Html:
    """The picture; empty if the circuit has no parts."""
    if not scene.circuit.parts:
        return Html("")
    boxes = place_boxes(scene)
    last = [part.id for part in scene.circuit.parts if is_last(scene.circuit, part)]
    middle = sum(boxes[each].x for each in last) / len(last)
    width = max(box.x for box in boxes.values()) + BOX_WIDTH / 2 + MARGIN
    bottom = max(box.y + box.height / 2 for box in boxes.values())
    height = bottom + MARGIN + (TOKEN_ROOM if scene.tokens else 0)
    boxes[ANSWER] = Box(middle, MARGIN + ANSWER_HEIGHT / 2, ANSWER_HEIGHT, (scene.answer,))
    drawn = [part_box(index, boxes[part.id]) for index, part in enumerate(scene.circuit.parts)]
    frame = {
        "class": "part-svg",
        "viewBox": f"0 0 {width:.0f} {height:.0f}",
        "width": f"{width:.0f}",
        "height": f"{height:.0f}",
        "role": "img",
        "aria-label": in_words(scene),
    }
    tokens = token_labels(scene, boxes, bottom)
    return tag(
        "svg",
        frame,
        arrow_heads(),
        *tokens,
        *arrows(scene, boxes, last),
        *drawn,
        answer_box(boxes[ANSWER]),
    )


def token_labels(scene: PartScene, boxes: Mapping[str, Box], bottom: float) -> list[Html]:
    """Under each column the token at which its parts act, on a thin line down from the boxes."""
    labels = []
    for place, token in scene.tokens.items():
        column = [boxes[part.id] for part in scene.circuit.parts if scene.columns[part.id] == place]
        x, top = column[0].x, min(box.y for box in column)
        line = {
            "class": "column-line",
            "x1": f"{x:.0f}",
            "x2": f"{x:.0f}",
            "y1": f"{top:.0f}",
            "y2": f"{bottom + 16:.0f}",
        }
        words = {"class": "column-token", "x": f"{x:.0f}", "y": f"{bottom + 36:.0f}"}
        labels += [tag("line", line), tag("text", words, token[:WRAP])]
    return labels


def is_last(circuit: Circuit, part: Part) -> bool:
    """Whether no expected edge leads on from the part, so that it acts on the answer itself."""
    sources = {edge.source for edge in circuit.edges}
    sinks = [each.id for each in circuit.parts if each.id not in sources]
    return part.id in sinks if sinks else part is circuit.parts[-1]


def in_words(scene: PartScene) -> str:
    """The picture as sentences."""
    labels = {part.id: part.label for part in scene.circuit.parts}
    said = [
        (
            f"{labels[e.source]} "
            f"{'strengthens' if e.sign == 'positive' else 'weakens'} "
            f"{labels[e.target]}"
        )
        for e in scene.edges
    ]
    return (
        "The circuit's parts: "
        f"{'; '.join(said) or ', '.join(labels.values())}. Answer: "
        f"{scene.answer}."
    )
