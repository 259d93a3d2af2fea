"""Interventions as data: what is changed, where, and by how much."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from atlas.errors import BadInput
from atlas.models.zero_positions import ZERO_POSITIONS

Action = Literal["set", "scale", "ablate", "add"]
ACTIONS: tuple[Action, ...] = ("set", "scale", "ablate", "add")


@dataclass(frozen=True)
class Span:
    """Positions from `start` up to, not including, `stop`; open-ended if `stop` is None.

    An open-ended span goes on through generated tokens. For features a span leaves out the first
    token, whose features mean nothing.
    """

    start: int
    stop: int | None = None

    def __post_init__(self) -> None:
        if self.start < 0 or (self.stop is not None and self.stop <= self.start):
            raise BadInput("span", "0 <= start < stop", f"{self.start} to {self.stop}")

    def positions(self, length: int) -> range:
        """The positions in a prompt of this length."""
        stop = length if self.stop is None else min(self.stop, length)
        return range(self.start, stop)


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
        _check(self.action, self.value)

    @property
    def factor_and_offset(self) -> tuple[float, float]:
        """The new activation is factor × the current one + offset."""
        return _factor_and_offset(self.action, self.value)


@dataclass(frozen=True)
class NeuronIntervention:
    """One neuron's activation is changed; actions, values and positions as for features.

    The activation is what the MLP's output weights read: in a gated MLP, gate times linear part.
    """

    layer: int
    index: int
    position: int | Span
    action: Action = "ablate"
    value: float = 0.0

    def __post_init__(self) -> None:
        _check(self.action, self.value)

    @property
    def factor_and_offset(self) -> tuple[float, float]:
        """The new activation is factor × the current one + offset."""
        return _factor_and_offset(self.action, self.value)


@dataclass(frozen=True, eq=False)
class HeadIntervention:
    """One head's output is changed: pattern times values, before the output weights.

    `vector` is what set writes and add adds; `value` is the factor of scale. Both are unused for
    ablate, which sets the output to 0. Setting it to the head's output on another prompt is
    patching, to its mean over prompts is mean ablation; see `head_outputs`.
    """

    layer: int
    head: int
    position: int | Span
    action: Action = "ablate"
    value: float = 0.0
    vector: Float[np.ndarray, " d_head"] | None = None

    def __post_init__(self) -> None:
        _check(self.action, self.value)
        if (self.vector is not None) != (self.action in ("set", "add")):
            found = "none" if self.vector is None else f"one with {self.action}"
            raise BadInput(
                f"intervention: head {self.layer}.{self.head}",
                "a vector with set and add, and only there", found,
            )  # fmt: skip
        if self.vector is not None:
            _check_vector(self.vector)


@dataclass(frozen=True, eq=False)
class DirectionIntervention:
    """A vector is added at the dictionary's output site of a layer."""

    layer: int
    position: int | Span
    vector: Float[np.ndarray, " d_model"]

    def __post_init__(self) -> None:
        _check_vector(self.vector)


@dataclass(frozen=True, eq=False)
class StreamIntervention:
    """The residual stream's component along a direction is changed where a layer reads it.

    With u = vector / ‖vector‖ and x the stream that enters `layer`:

        set: x + (value − x·u) u    scale: x + (value − 1)(x·u) u    ablate: x − (x·u) u
        add: x + value · vector

    `layer` None stands for all layers, for set and ablate: whatever the embedding, an attention or
    an MLP writes, the component is what it is set to wherever a part of the model reads it, as in
    the directional ablation of Arditi et al. 2024 (arXiv:2406.11717).
    """

    layer: int | None
    position: int | Span
    vector: Float[np.ndarray, " d_model"]
    action: Action = "ablate"
    value: float = 0.0

    def __post_init__(self) -> None:
        _check(self.action, self.value)
        _check_vector(self.vector)
        if self.action != "add" and not np.any(self.vector):
            raise BadInput("intervention: vector", "a direction", "zeros")
        if self.layer is None and self.action in ("scale", "add"):
            raise BadInput(
                f"intervention: {self.action} along a direction", "one layer", "all layers",
                "name a layer: every layer would do it again to what the one before it left",
            )  # fmt: skip

    @property
    def factor_and_offset(self) -> tuple[float, float]:
        """The new component along the unit direction is factor × the current one + offset."""
        if self.action == "add":
            return 1.0, self.value * float(np.linalg.norm(self.vector.astype(np.float64)))
        return _factor_and_offset(self.action, self.value)


AnyIntervention = (
    FeatureIntervention
    | NeuronIntervention
    | HeadIntervention
    | DirectionIntervention
    | StreamIntervention
)


def positions_of(intervention: AnyIntervention, length: int) -> range:
    """The positions of an intervention in a prompt of this length.

    Raises:
        BadInput: outside the prompt, or a feature of the first token.
    """
    position = intervention.position
    of_feature = isinstance(intervention, FeatureIntervention)
    if isinstance(position, Span):
        found = position.positions(length)
        return range(max(found.start, ZERO_POSITIONS), found.stop) if of_feature else found
    place = position + length if position < 0 else position
    if not 0 <= place < length:
        raise BadInput("intervention: position", f"a position below {length}", str(position))
    if of_feature and place < ZERO_POSITIONS:
        raise BadInput(
            "intervention: position",
            f"a position from {ZERO_POSITIONS} on",
            str(position),
            "features of the first token mean nothing and are held at 0",
        )
    return range(place, place + 1)


def _check(action: str, value: float) -> None:
    if action not in ACTIONS:
        raise BadInput("intervention: action", f"one of {', '.join(ACTIONS)}", action)
    if not math.isfinite(value):
        raise BadInput("intervention: value", "a finite number", str(value))


def _check_vector(vector: np.ndarray) -> None:
    if not np.isfinite(vector).all():
        raise BadInput("intervention: vector", "finite numbers", "NaN or infinity")


def _factor_and_offset(action: Action, value: float) -> tuple[float, float]:
    match action:
        case "set":
            return 0.0, value
        case "scale":
            return value, 0.0
        case "add":
            return 1.0, value
    return 0.0, 0.0
