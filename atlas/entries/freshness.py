"""Whether a measurement still stands: a new run beside the accepted baseline.

States: reproduced (ran, agrees) · drifted (ran, outside a tolerance) · failing (did not run
through) · stale (not run since the entry changed, or for eight days) · skipped (this machine cannot
run it) · never_run (nothing was accepted or nothing was run).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from atlas.entries.measurement import Measurement

REPRODUCED = "reproduced"
DRIFTED = "drifted"
FAILING = "failing"
STALE = "stale"
SKIPPED = "skipped"
NEVER_RUN = "never_run"
STATES = (REPRODUCED, DRIFTED, FAILING, STALE, SKIPPED, NEVER_RUN)

LONGEST_AGE = timedelta(days=8)  # the nightly run reaches every entry twice in that time


@dataclass(frozen=True)
class Tolerances:
    """How far a repeated measurement may lie from the accepted one.

    The same machine gives the same numbers; another processor adds in another order, which can
    tip a row whose two best answers are nearly equal.
    """

    probability: float = 0.02  # of a mean over at least 100 rows: about one tipped row
    share: float = 0.02  # top1 and generated: two rows in a hundred
    logits: float = 0.1  # of a mean logit difference; float32 sums differ by far less
    rows: int = 2  # rows that gain or lose a matched control

    def of(self, metric: str) -> float:
        """The tolerance of a metric, in its unit."""
        if metric == "probability":
            return self.probability
        return self.logits if metric == "logit_difference" else self.share


DEFAULT_TOLERANCES = Tolerances()


@dataclass(frozen=True)
class Drift:
    """One number that left its tolerance."""

    claim: str
    field: str
    expected: float
    found: float
    tolerance: float

    def __str__(self) -> str:
        return (
            f"{self.claim}: {self.field} {self.found:.4g}, "
            f"accepted {self.expected:.4g} ± {self.tolerance:.2g}"
        )


@dataclass(frozen=True)
class Reproduction:
    """A state and its reasons in words."""

    state: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """What the state is derived from, besides the baseline."""

    measurements: Mapping[str, Measurement] | None = None  # None: there is no finished run
    current: bool = True  # whether the run is of the entry as it stands now
    started: datetime | None = None
    failure: str = ""  # why it did not run through
    skipped: str = ""  # why this machine did not try


def reproduction_state(
    baseline: Mapping[str, Measurement] | None,
    run: Run,
    now: datetime | None = None,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
) -> Reproduction:
    """The state of an entry, from its accepted measurements and its last run.

    `now` makes a run older than eight days stale; without it age is not looked at.
    """
    if run.failure:
        return Reproduction(FAILING, (run.failure,))
    if run.skipped:
        return Reproduction(SKIPPED, (run.skipped,))
    if run.measurements is None:
        if baseline is None:
            return Reproduction(NEVER_RUN, ("it was never run",))
        return Reproduction(STALE, ("the accepted measurement was not repeated here",))
    if not run.current:
        return Reproduction(STALE, ("the entry changed since its last run",))
    if now is not None and run.started is not None and now - run.started > LONGEST_AGE:
        return Reproduction(STALE, (f"the last run was on {run.started:%Y-%m-%d}",))
    if baseline is None:
        return Reproduction(NEVER_RUN, ("it ran, but no measurement was accepted to compare with",))
    drifts = compare(baseline, run.measurements, tolerances)
    if drifts:
        return Reproduction(DRIFTED, tuple(map(str, drifts)))
    return Reproduction(
        REPRODUCED, (f"measured again, as accepted ({len(baseline)} of {len(baseline)})",)
    )


def compare(
    baseline: Mapping[str, Measurement],
    fresh: Mapping[str, Measurement],
    tolerances: Tolerances = DEFAULT_TOLERANCES,
) -> list[Drift]:
    """Every number of the claims that left its tolerance; a claim on one side only counts too."""
    drifts = [
        Drift(claim, "measurements", float(claim in baseline), float(claim in fresh), 0.0)
        for claim in sorted(set(baseline) ^ set(fresh))
    ]
    for claim in (claim for claim in baseline if claim in fresh):
        drifts += _drifts(baseline[claim], fresh[claim], tolerances)
    return drifts


def _drifts(old: Measurement, new: Measurement, tolerances: Tolerances) -> list[Drift]:
    tolerance = tolerances.of(old.metric)
    numbers: Sequence[tuple[str, float, float, float]] = [
        ("effect", old.value, new.value, tolerance),
        ("before", old.before, new.before, tolerance),
        ("after", old.after, new.after, tolerance),
        ("rows", old.n, new.n, tolerances.rows),
    ]
    # Written as "not within", so that a number that is not finite counts as drift.
    return [
        Drift(old.claim, name, expected, found, allowed)
        for name, expected, found, allowed in numbers
        if not abs(expected - found) <= allowed
    ]
