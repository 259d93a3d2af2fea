"""Interventions as people write them on the command line: `2-117@5=4.0`."""

from __future__ import annotations

import re

from atlas.errors import BadInput
from atlas.methods.interventions import Action, FeatureIntervention, Span
from atlas.models.active_features import ZERO_POSITIONS

PATTERN = re.compile(
    r"(?P<layer>\d+)-(?P<index>\d+)@(?P<position>last|all|-?\d+|\d+:\d*)(?:=(?P<value>.+))?"
)
GRAMMAR = {
    "ablate": "LAYER-INDEX@POSITION, as in 2-117@5",
    "set": "LAYER-INDEX@POSITION=ACTIVATION, as in 2-117@5=4.0",
    "add": "LAYER-INDEX@POSITION=ACTIVATION, as in 2-117@5=1.5",
    "scale": "LAYER-INDEX@POSITION=FACTOR, as in 2-117@5=0.5",
}
POSITIONS = "positions: a number from 0, last, all, START: or START:STOP"


def parse_intervention(action: Action, text: str) -> FeatureIntervention:
    """The intervention that a text describes; BadInput, with the grammar, if it is none."""
    match = PATTERN.fullmatch(text.strip())
    if match is None or (match["value"] is None) != (action == "ablate"):
        raise BadInput(f"--{action}", GRAMMAR[action], repr(text), POSITIONS)
    value = 0.0
    if match["value"] is not None:
        try:
            value = float(match["value"])
        except ValueError as error:
            raise BadInput(f"--{action}", GRAMMAR[action], repr(text)) from error
    position = _position(match["position"])
    return FeatureIntervention(int(match["layer"]), int(match["index"]), position, action, value)


def _position(text: str) -> int | Span:
    if text == "last":
        return -1
    if text == "all":
        return Span(ZERO_POSITIONS)
    if ":" in text:
        start, stop = text.split(":")
        return Span(int(start), int(stop) if stop else None)
    return int(text)
