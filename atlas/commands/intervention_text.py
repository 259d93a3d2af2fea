"""Changes as people write them on the command line: `2-117@5=4.0`, `head:5.3@last`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from atlas.errors import DAMAGED, BadInput
from atlas.methods.intervention.interventions import (
    Action,
    AnyIntervention,
    FeatureIntervention,
    HeadIntervention,
    NeuronIntervention,
    Span,
    StreamIntervention,
)

WHAT = (
    r"(?:(?P<feature>\d+-\d+)|head:(?P<head>\d+\.\d+)|neuron:(?P<neuron>\d+\.\d+)"
    r"|direction:(?P<layer>\d+|all):(?P<file>.+))"
)
WHERE = r"last|all|-?\d+|\d+:\d*"
PATTERN = re.compile(rf"{WHAT}@(?P<position>{WHERE})(?:=(?P<value>.+))?")
RANGE = re.compile(r"([^:]+):([^:]+):(\d+)")
LENT = re.compile(r"mean|from(?::(?P<position>last|-?\d+))?")
UNITS = "LAYER-FEATURE, head:LAYER.HEAD, neuron:LAYER.NEURON or direction:LAYER|all:FILE.npy"
GRAMMAR = {
    "ablate": "WHAT@POSITION, as in 2-117@5 or head:5.3@last",
    "set": "WHAT@POSITION=VALUE, as in 2-117@5=4.0; for heads from, from:POSITION, mean or a file",
    "add": "WHAT@POSITION=VALUE, as in 2-117@5=1.5; for heads a .npy file",
    "scale": "WHAT@POSITION=FACTOR, as in head:5.3@last=0.5",
}
POSITIONS = (
    f"WHAT: {UNITS}; POSITION: a number from 0, last, all, START: or START:STOP; "
    "VALUE or FACTOR: a number, or START:STOP:COUNT for several"
)
MOST_VALUES = 10_000
"""Values of a range; each is a row of a forward pass."""

Lend = Callable[[tuple[int, int], int | None], Float[np.ndarray, " d_head"]]
"""Gives a head's output on other prompts at a position, or its mean if that is None."""


@dataclass(frozen=True, eq=False)
class WrittenChange:
    """One change as it was written; `values` has several for a range."""

    text: str  # with its action, as results repeat it
    action: Action
    kind: str  # feature, head, neuron or direction
    layer: int | None  # None: all layers, for a direction
    number: int
    position: int | Span
    values: tuple[float, ...] = (0.0,)
    vector: Float[np.ndarray, " entry"] | None = None
    lent: str = ""  # for a head that is set: mean, from or from:POSITION
    lent_position: int | Span = 0

    @property
    def lends(self) -> bool:
        """Whether other prompts are needed."""
        return bool(self.lent)

    def interventions(self, value: float, length: int, lend: Lend) -> list[AnyIntervention]:
        """The engine's interventions with one of the values, for a prompt of this length."""
        layer, position, action = self.layer, self.position, self.action
        if self.kind == "direction" and self.vector is not None:
            return [StreamIntervention(layer, position, self.vector, action, value)]
        if layer is None:
            raise BadInput(self.text, "a layer", "all layers")
        if self.kind == "feature":
            return [FeatureIntervention(layer, self.number, position, action, value)]
        if self.kind == "neuron":
            return [NeuronIntervention(layer, self.number, position, action, value)]
        head = (layer, self.number)
        if not self.lends:
            return [HeadIntervention(*head, position, action, value, self.vector)]
        if self.lent == "mean":
            return [HeadIntervention(*head, position, "set", vector=lend(head, None))]
        if isinstance(self.lent_position, int):
            vector = lend(head, self.lent_position)
            return [HeadIntervention(*head, position, "set", vector=vector)]
        return [
            HeadIntervention(*head, each, "set", vector=lend(head, each))
            for each in self.lent_position.positions(length)
        ]


def read_change(action: Action, text: str) -> WrittenChange:
    """The change that a text describes; BadInput, with the grammar, if it is none."""
    match = PATTERN.fullmatch(text.strip())
    if match is None or (match["value"] is None) != (action == "ablate"):
        raise _bad(action, text)
    position = _position(match["position"])
    name = f"{action} {text.strip()}"
    value = match["value"] or ""
    if match["file"]:
        layer = None if match["layer"] == "all" else int(match["layer"])
        vector = _vector(action, match["file"])
        values = _values(action, text, value)
        return WrittenChange(name, action, "direction", layer, 0, position, values, vector)
    kind = next(kind for kind in ("feature", "head", "neuron") if match[kind])
    first, second = re.split(r"[-.]", match[kind])
    at = (int(first), int(second), position)
    if kind != "head" or action in ("ablate", "scale"):
        return WrittenChange(name, action, kind, *at, _values(action, text, value))
    lent = LENT.fullmatch(value)
    if lent is None or action == "add":
        return WrittenChange(name, action, kind, *at, vector=_vector(action, value))
    there = _position(lent["position"]) if lent["position"] else position
    return WrittenChange(name, action, kind, *at, lent=value, lent_position=there)


def _values(action: Action, text: str, value: str) -> tuple[float, ...]:
    """One number, or evenly spaced ones from the first to the last."""
    if not value:
        return (0.0,)
    span = RANGE.fullmatch(value)
    try:
        if span is None:
            return (float(value),)
        count = int(span[3])
        if not 2 <= count <= MOST_VALUES:
            raise BadInput(f"--{action}", f"2 to {MOST_VALUES} values", str(count))
        return tuple(np.linspace(float(span[1]), float(span[2]), count).tolist())
    except ValueError as error:
        raise _bad(action, text) from error


def _vector(action: Action, file: str) -> Float[np.ndarray, " entry"]:
    """The vector in a .npy file."""
    if not Path(file).is_file():
        raise BadInput(f"--{action}", "a .npy file that exists", file, GRAMMAR[action])
    try:
        found = np.load(file, allow_pickle=False)
    except DAMAGED as error:
        raise BadInput(f"--{action}", "a .npy file", file, "write it with numpy.save") from error
    if not isinstance(found, np.ndarray) or found.ndim != 1 or found.dtype.kind != "f":
        raise BadInput(f"--{action}: {file}", "one vector of decimal numbers", "something else")
    return found


def _bad(action: Action, text: str) -> BadInput:
    return BadInput(f"--{action}", GRAMMAR[action], repr(text), POSITIONS)


def _position(text: str) -> int | Span:
    if text == "last":
        return -1
    if text == "all":
        return Span(0)
    if ":" in text:
        start, stop = text.split(":")
        return Span(int(start), int(stop) if stop else None)
    return int(text)
