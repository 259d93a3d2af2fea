"""A feature's two claims: that its label says when it is active, and what steering it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from atlas.entries.circuit import Circuit, Claim, Intervention, Part, Step
from atlas.entries.evidence import NOT_RUN, NOT_SUPPORTED, SUPPORTED, Condition, Verdict
from atlas.entries.feature import Feature, Steering
from atlas.entries.prompts import PromptRow

LABEL = "label"
"""The claim that the label's predicate tells when the feature is active."""
STEERING = "steering"
"""The claim about what changing the feature does."""
STEERED_PART = "steered-feature"

_VERBS = {
    "ablate": "Switching the feature off",
    "scale": "Scaling the feature",
    "set": "Setting the feature",
    "add": "Adding to the feature",
}


def steering_claim(feature: Feature) -> Claim:
    """The steering claim in the form that verdicts are derived from.

    Raises ValueError where the feature makes none.
    """
    steering = _steering(feature)
    words = f"{steering.metric.replace('_', ' ')} of the {steering.of}"
    return Claim(
        id=STEERING,
        statement=f"{_VERBS[steering.action]} makes the {words} {steering.direction}.",
        kind="effect",
        intervention=STEERING,
        metric=steering.metric,
        of=steering.of,
        direction=steering.direction,
        threshold=steering.threshold,
    )


def steering_circuit(feature: Feature, circuit: Circuit) -> Circuit:
    """The circuit whose prompts are used, with the feature as the one part that is changed.

    The circuit's own parts stay, so that controls are drawn from outside them as well. Raises
    ValueError where the feature makes no steering claim.
    """
    claim = steering_claim(feature)
    steering = _steering(feature)
    part = Part(
        id=STEERED_PART,
        label=feature.label,
        role="intermediate",
        position=steering.position,
        features=(feature.short,),
    )
    step = Step(
        part=STEERED_PART, action=steering.action, factor=steering.factor, value=steering.value
    )
    return replace(
        circuit,
        parts=(*circuit.parts, part),
        edges=(),
        interventions=(Intervention(id=STEERING, title=claim.statement, steps=(step,)),),
        claims=(claim,),
    )


def steering_rows(feature: Feature, rows: tuple[PromptRow, ...]) -> tuple[PromptRow, ...]:
    """The test rows that the steering claim is about."""
    wanted = feature.steering.where if feature.steering else {}
    return tuple(
        row
        for row in rows
        if row.split == "test"
        and all(row.entities.get(name) == value for name, value in wanted.items())
    )


def _steering(feature: Feature) -> Steering:
    if feature.steering is None:
        raise ValueError(f"{feature.id} makes no steering claim")
    return feature.steering


def label_verdict(feature: Feature, score: Mapping[str, Any] | None) -> Verdict:
    """Supported where the held-out F1 reaches the entry's bound and beats the shuffled control."""
    if score is None or not isinstance(score.get("f1"), int | float):
        return Verdict(LABEL, NOT_RUN, (Condition("measured", False, "it was not measured"),))
    f1, control = float(score["f1"]), float(score.get("control_f1") or 0.0)
    least = feature.score.minimum_f1 if feature.score else 0.0
    conditions = (
        Condition("f1", f1 >= least, f"held-out F1 {f1:.3f}; at least {least:g} is needed"),
        Condition("control", f1 > control, f"shuffled control {control:.3f}; it must stay below"),
    )
    held = all(condition.holds for condition in conditions)
    return Verdict(LABEL, SUPPORTED if held else NOT_SUPPORTED, conditions)
