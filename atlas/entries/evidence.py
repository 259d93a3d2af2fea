"""From a claim and its measurement to a verdict, with the reasons in words.

A verdict is derived each time it is read and stored nowhere. The order of the questions:

1. Was it measured, and do the claims hold on which this one depends?   otherwise not_run
2. Is it a demonstration?                                               shown, never judged
3. Real model, finite numbers, at least 100 rows?                       otherwise inconclusive
4. Does the interval lie past the threshold, or on its wrong side?      wrong side: not_supported
5. Do the controls stay behind?                    a control that does more: not_supported;
                                                   one that cannot be told apart: inconclusive
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from atlas.entries.circuit import Claim
from atlas.entries.measurement import (
    MATCHED,
    MATCHED_HEADS,
    WRONG_TARGET,
    Control,
    Interval,
    Measurement,
)

__all__ = [
    "MATCHED",
    "MATCHED_HEADS",
    "WRONG_TARGET",
    "Condition",
    "Control",
    "Interval",
    "Measurement",
    "Verdict",
    "derive_verdict",
    "derive_verdicts",
    "entry_verdict",
    "may_replicate",
    "needs_wrong_target",
]

SUPPORTED = "supported"
PARTIAL = "partial"
NOT_SUPPORTED = "not_supported"
INCONCLUSIVE = "inconclusive"
NOT_RUN = "not_run"
REPLICATED = "replicated"
VERDICTS = (REPLICATED, SUPPORTED, PARTIAL, NOT_SUPPORTED, INCONCLUSIVE, NOT_RUN)

MINIMUM_ROWS = 100  # fewer test instances cannot carry a claim
MINIMUM_DRAWS = 50  # of the matched control, unless fewer exist
LARGEST_P_VALUE = 0.05  # share of control draws that may do as much as the circuit
EVIDENCE_MODE = "iterative"  # attention, norms and later features live


@dataclass(frozen=True)
class Condition:
    """One question that a verdict rests on, and its answer in words."""

    name: str
    holds: bool
    words: str


@dataclass(frozen=True)
class Verdict:
    """One word, and the conditions that led to it."""

    claim: str
    word: str
    conditions: tuple[Condition, ...] = ()
    demonstration: bool = False  # the interface says "demonstration" and shows no verdict

    @property
    def failed(self) -> tuple[Condition, ...]:
        """The conditions that did not hold."""
        return tuple(condition for condition in self.conditions if not condition.holds)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not `supported`; why it is, where it is."""
        return tuple(condition.words for condition in self.failed or self.conditions)


def needs_wrong_target(claim: Claim) -> bool:
    """Whether a claim says that the partner's answer appears, so that any swap must not do it."""
    return claim.of == "partner_target"


def derive_verdict(claim: Claim, measurement: Measurement | None) -> Verdict:
    """The verdict on one claim, as if the claims it depends on held (see `derive_verdicts`)."""
    if measurement is None:
        return _verdict(claim, NOT_RUN, [Condition("measured", False, "it was not measured")])
    if claim.kind == "demonstration":
        words = "a demonstration shows one case; it is never judged"
        shown = (Condition("judged", False, words),)
        return Verdict(claim.id, INCONCLUSIVE, shown, demonstration=True)
    sound = _soundness(measurement)
    if not all(condition.holds for condition in sound):
        return _verdict(claim, INCONCLUSIVE, sound)
    if claim.kind == "no_effect":
        return _judge_no_effect(claim, measurement, sound)
    return _judge_effect(claim, measurement, sound)


def derive_verdicts(
    claims: Sequence[Claim], measurements: Mapping[str, Measurement]
) -> dict[str, Verdict]:
    """The verdict on each claim; not_run where a claim that it depends on is not supported.

    A dependency that is missing, or that leads back to the claim itself, counts as failed.
    """
    by_id = {claim.id: claim for claim in claims}
    decided: dict[str, Verdict] = {}

    def decide(claim: Claim, above: frozenset[str]) -> Verdict:
        if claim.id in decided:
            return decided[claim.id]
        for name in claim.depends_on:
            word = NOT_RUN
            if name in by_id and name not in above | {claim.id}:
                word = decide(by_id[name], above | {claim.id}).word
            if word != SUPPORTED:
                words = f"it rests on the claim {name}, which is {word.replace('_', ' ')}"
                return _verdict(claim, NOT_RUN, [Condition("depends_on", False, words)])
        return derive_verdict(claim, measurements.get(claim.id))

    for claim in claims:
        decided[claim.id] = decide(claim, frozenset())
    return decided


def entry_verdict(verdicts: Sequence[Verdict], replicates: bool = False) -> str:
    """The verdict on an entry from those on its claims; demonstrations do not count.

    supported: all are; partial: some are; none is: not_supported if at least one was refuted,
    else inconclusive if at least one was measured, else not_run. `replicates` (see
    `may_replicate`) turns supported into replicated.
    """
    words = [verdict.word for verdict in verdicts if not verdict.demonstration]
    if words and all(word == SUPPORTED for word in words):
        return REPLICATED if replicates else SUPPORTED
    if SUPPORTED in words:
        return PARTIAL
    if NOT_SUPPORTED in words:
        return NOT_SUPPORTED
    shown = any(verdict.demonstration and verdict.word != NOT_RUN for verdict in verdicts)
    return INCONCLUSIVE if INCONCLUSIVE in words or (shown and not words) else NOT_RUN


def may_replicate(relation: str, resource_kind: str, model_kind: str) -> bool:
    """Whether agreement counts as a replication: of a publication, on a public model."""
    return (relation, resource_kind, model_kind) == ("replicates", "publication", "public")


def _verdict(claim: Claim, word: str, conditions: Sequence[Condition]) -> Verdict:
    return Verdict(claim.id, word, tuple(conditions))


def _soundness(measurement: Measurement) -> list[Condition]:
    """Whether the measurement can be judged at all."""
    left_out = f" ({measurement.unmatched_rows} more had no matched control)"
    rows = f"{measurement.n} test rows" + (left_out if measurement.unmatched_rows else "")
    mode = measurement.mode
    return [
        Condition("mode", mode == EVIDENCE_MODE, f"measured in {mode} mode"),
        Condition(
            "finite",
            measurement.finite,
            "every number is finite" if measurement.finite else "a number is not finite",
        ),
        Condition("rows", measurement.n >= MINIMUM_ROWS, f"{rows}; {MINIMUM_ROWS} are needed"),
    ]


def _judge_no_effect(claim: Claim, measurement: Measurement, sound: list[Condition]) -> Verdict:
    """Equivalence: the whole interval within ± margin; wholly outside refutes the claim."""
    low, high = measurement.interval
    if claim.margin is None:
        return _verdict(claim, INCONCLUSIVE, [*sound, Condition("margin", False, "no margin")])
    margin = claim.margin.value
    inside = -margin < low and high < margin
    words = f"the interval {_range(measurement.interval)} lies "
    outside = low > margin or high < -margin
    place = "within" if inside else "outside" if outside else "across the edge of"
    condition = Condition("margin", inside, f"{words}{place} ±{margin:g}")
    word = SUPPORTED if inside else NOT_SUPPORTED if outside else INCONCLUSIVE
    return _verdict(claim, word, [*sound, condition])


def _judge_effect(claim: Claim, measurement: Measurement, sound: list[Condition]) -> Verdict:
    """The interval past the threshold, and both controls behind it."""
    if claim.threshold is None:
        return _verdict(claim, INCONCLUSIVE, [*sound, Condition("threshold", False, "none given")])
    threshold = claim.threshold.value
    low, high = measurement.interval
    place = "past" if low > threshold else "short of" if high < threshold else "across"
    words = f"the interval {_range(measurement.interval)} lies {place} the threshold {threshold:g}"
    conditions = [*sound, Condition("threshold", low > threshold, words)]
    conditions += _matched_conditions(measurement)
    controls = [measurement.control]
    if needs_wrong_target(claim):
        conditions += _wrong_target_conditions(measurement, threshold)
        controls.append(measurement.wrong_target)
    overtaken = any(control and control.difference_interval[1] < 0 for control in controls)
    if high < threshold or overtaken:
        return _verdict(claim, NOT_SUPPORTED, conditions)
    held = all(condition.holds for condition in conditions)
    return _verdict(claim, SUPPORTED if held else INCONCLUSIVE, conditions)


def _matched_conditions(measurement: Measurement) -> list[Condition]:
    control = measurement.control
    if control is None:
        return [Condition("control", False, "there is no matched control")]
    others = "matched heads" if control.kind == MATCHED_HEADS else "matched features"
    count = len(control.draws)
    enough = count >= MINIMUM_DRAWS or (control.exhaustive and count > 0)
    all_there_are = " (all there are)" if control.exhaustive else ""
    return [
        Condition("draws", enough, f"{count} control draws{all_there_are}"),
        Condition(
            "p_value",
            control.p_value <= LARGEST_P_VALUE,
            f"p = {control.p_value:.3g} against {others}; {LARGEST_P_VALUE:g} is allowed",
        ),
        _difference_condition("control", control, others),
    ]


def _wrong_target_conditions(measurement: Measurement, threshold: float) -> list[Condition]:
    """A swap to a third row's value must not bring the partner's answer as well."""
    control = measurement.wrong_target
    if control is None:
        return [Condition("wrong_target", False, "there is no wrong-target control")]
    words = f"a third row's value moves the partner's answer by {control.median:.3g}"
    return [
        Condition("wrong_target_effect", control.median < threshold, words),
        _difference_condition("wrong_target", control, "a third row's value"),
    ]


def _difference_condition(name: str, control: Control, against: str) -> Condition:
    low = control.difference_interval[0]
    words = f"effect minus that of {against}: {_range(control.difference_interval)}"
    return Condition(name, low > 0, words if low > 0 else f"{words}; it must lie above 0")


def _range(interval: Interval) -> str:
    return f"[{interval[0]:.3g}, {interval[1]:.3g}]"
