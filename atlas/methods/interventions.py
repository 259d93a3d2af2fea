"""Interventions as data: what is changed, where, and by how much."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from atlas.errors import BadInput
from atlas.models.active_features import ZERO_POSITIONS

Action = Literal["set", "scale", "ablate", "add"]
ACTIONS: tuple[Action, ...] = ("set", "scale", "ablate", "add")


@dataclass(frozen=True)
class Span:
    """Positions from `start` up to, not including, `stop`; open-ended if `stop` is None.

    An open-ended span goes on through generated tokens. A span leaves out the first token,
    whose features mean nothing.
    """

    start: int
    stop: int | None = None

    def __post_init__(self) -> None:
        if self.start < 0 or (self.stop is not None and self.stop <= self.start):
            raise BadInput("span", "0 <= start < stop", f"{self.start} to {self.stop}")

    def positions(self, length: int) -> range:
        """The positions in a prompt of this length."""
        stop = length if self.stop is None else min(self.stop, length)
        return range(max(self.start, ZERO_POSITIONS), stop)


@dataclass(frozen=True)
class FeatureIntervention:
    """One feature's activation is set, scaled, ablated (set to 0) or added to.

    `position` counts from 0, the first token; negative numbers count from the prompt's end.
    `value` is an activation for set and add, a factor for scale, and unused for ablate.
    """

    layer: int
    index: int
    position: int | Span
    action: Action = "ablate"
    value: float = 0.0

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise BadInput("intervention: action", f"one of {', '.join(ACTIONS)}", self.action)
        if not math.isfinite(self.value):
            raise BadInput("intervention: value", "a finite number", str(self.value))

    @property
    def factor_and_offset(self) -> tuple[float, float]:
        """The new activation is factor × the current one + offset."""
        match self.action:
            case "set":
                return 0.0, self.value
            case "scale":
                return self.value, 0.0
            case "add":
                return 1.0, self.value
        return 0.0, 0.0


@dataclass(frozen=True, eq=False)
class DirectionIntervention:
    """A vector is added at the dictionary's output site of a layer."""

    layer: int
    position: int | Span
    vector: Float[np.ndarray, " d_model"]

    def __post_init__(self) -> None:
        if not np.isfinite(self.vector).all():
            raise BadInput("intervention: vector", "finite numbers", "NaN or infinity")


AnyIntervention = FeatureIntervention | DirectionIntervention


def positions_of(intervention: AnyIntervention, length: int) -> range:
    """The positions of an intervention in a prompt of this length.

    Raises:
        BadInput: outside the prompt, or a feature of the first token.
    """
    position = intervention.position
    if isinstance(position, Span):
        return position.positions(length)
    found = position + length if position < 0 else position
    if not 0 <= found < length:
        raise BadInput("intervention: position", f"a position below {length}", str(position))
    if isinstance(intervention, FeatureIntervention) and found < ZERO_POSITIONS:
        raise BadInput(
            "intervention: position",
            f"a position from {ZERO_POSITIONS} on",
            str(position),
            "features of the first token mean nothing and are held at 0",
        )
    return range(found, found + 1)
