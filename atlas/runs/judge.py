"""What a run of an entry came to: verdicts, and how it compares with the accepted baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from atlas.entries.circuit import Circuit
from atlas.entries.evidence import Verdict, derive_verdict, derive_verdicts, entry_verdict
from atlas.entries.feature_evidence import LABEL, STEERING, label_verdict, steering_claim
from atlas.entries.freshness import DRIFTED, REPRODUCED, Reproduction, Run, reproduction_state
from atlas.entries.library import Library
from atlas.entries.measurement import Measurement
from atlas.errors import AtlasError, EntryError
from atlas.runs.fresh_prompts import OnFreshPrompts
from atlas.runs.keys import Entry
from atlas.runs.results import Result, read_result_file

F1_TOLERANCE = 0.02  # of a label's held-out score; another processor may tip a few tokens


@dataclass(frozen=True)
class EntryOutcome:
    """One entry after a run, or after its cached result was found to be of today."""

    entry: Entry
    reproduction: Reproduction
    verdict: str = "not_run"
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    measurements: Mapping[str, Measurement] = field(default_factory=dict)
    seconds: float | None = None  # None where the cached result was used
    error: AtlasError | None = None
    fresh: OnFreshPrompts | None = None  # what this run measured on prompts drawn for it

    @property
    def good(self) -> bool:
        """Whether it ran, or needed no run, and did not leave its baseline."""
        return self.error is None and self.reproduction.state != DRIFTED


def judge(library: Library, entry: Entry, result: Result, seconds: float | None) -> EntryOutcome:
    """The outcome of a result.

    A baseline that cannot be read counts as drift, so that it is seen.
    """
    verdicts = verdicts_of(entry, result)
    return EntryOutcome(
        entry=entry,
        reproduction=_compared(library, entry, result),
        verdict=entry_verdict(list(verdicts.values())),
        verdicts=verdicts,
        measurements=result.by_claim(),
        seconds=seconds,
    )


def failed(entry: Entry, error: AtlasError, seconds: float) -> EntryOutcome:
    """The outcome of an entry that did not run through."""
    reproduction = reproduction_state(None, Run(failure=str(error)))
    return EntryOutcome(entry, reproduction, seconds=seconds, error=error)


def skipped(entry: Entry, why: str) -> EntryOutcome:
    """The outcome of an entry that this machine does not run."""
    return EntryOutcome(entry, reproduction_state(None, Run(skipped=why)))


def verdicts_of(entry: Entry, result: Result) -> dict[str, Verdict]:
    """The verdict on each claim of an entry."""
    measured = result.by_claim()
    if isinstance(entry, Circuit):
        return derive_verdicts(entry.claims, measured)
    found = {}
    if entry.predicate is not None:
        found[LABEL] = label_verdict(entry, (result.feature or {}).get("score"))
    if entry.steering is not None:
        found[STEERING] = derive_verdict(steering_claim(entry), measured.get(STEERING))
    return found


def _compared(library: Library, entry: Entry, result: Result) -> Reproduction:
    try:
        accepted = read_result_file(library.baseline(entry))
    except EntryError as error:
        return Reproduction(DRIFTED, (str(error),))
    baseline = accepted.by_claim() if accepted else None
    state = reproduction_state(baseline, Run(result.by_claim(), started=result.started))
    drift = _label_drift(accepted, result) if accepted else ""
    if state.state == REPRODUCED and drift:
        return Reproduction(DRIFTED, (drift,))
    return state


def _label_drift(accepted: Result, result: Result) -> str:
    """How a feature's label score moved, if it moved further than rounding can."""
    old, new = ((each.feature or {}).get("score") or {} for each in (accepted, result))
    if abs(old.get("f1", 0.0) - new.get("f1", 0.0)) <= F1_TOLERANCE:
        return ""
    return f"{LABEL}: F1 {new.get('f1', 0.0):.3g}, accepted {old.get('f1', 0.0):.3g}"
