"""Writes what a run came to into the nightly journal (see `atlas.entries.journal`)."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from atlas.entries.circuit import Circuit
from atlas.entries.freshness import DEFAULT_TOLERANCES
from atlas.entries.journal import ClaimPoint, FreshPoint, Night, Point
from atlas.entries.library import Library
from atlas.entries.measurement import Measurement
from atlas.errors import AtlasError
from atlas.runs.add_night import add_night
from atlas.runs.judge import EntryOutcome
from atlas.runs.provenance import versions
from atlas.runs.results import read_result_file


def record_night(
    library: Library,
    outcomes: Sequence[EntryOutcome],
    folder: Path,
    now: datetime | None = None,
) -> Night:
    """Add a run's outcomes to the journal as tonight's, beside what other runs of tonight recorded.

    `now` is when the run ended, default the present.

    Raises:
        EntryError: the journal that is there is damaged.
        CannotWrite: no room or no right; each file is the one before or tonight's.
    """
    now = now or datetime.now(UTC)
    entries = {each.entry.id: _point(library, each, now.date()) for each in outcomes}
    night = Night(now.date(), now, environment(), entries)
    return add_night(folder, night)


def environment() -> dict[str, str]:
    """What can change a number: versions and the machine."""
    return {**versions(), "machine": f"{platform.system()} {platform.machine()}"}


def _point(library: Library, outcome: EntryOutcome, night: date) -> Point:
    accepted, fresh = _accepted(library, outcome), _fresh(outcome)
    return Point(
        night=night,
        state=outcome.reproduction.state,
        verdict=outcome.verdict,
        reasons=(*outcome.reproduction.reasons, *_fresh_error(outcome)),
        claims={
            claim: _claim_point(found, accepted.get(claim), fresh.get(claim))
            for claim, found in outcome.measurements.items()
            if found.finite
        },
    )


def _accepted(library: Library, outcome: EntryOutcome) -> Mapping[str, Measurement]:
    try:
        found = read_result_file(library.baseline(outcome.entry))
    except AtlasError:
        return {}
    return found.by_claim() if found else {}


def _fresh(outcome: EntryOutcome) -> dict[str, FreshPoint]:
    """The claims on prompts drawn for this night; none where no number came out."""
    if outcome.fresh is None or not isinstance(outcome.entry, Circuit):
        return {}
    verdicts = outcome.fresh.verdicts(outcome.entry)
    return {
        claim: FreshPoint(found.value, found.interval, found.n, verdicts[claim].word)
        for claim, found in outcome.fresh.measurements.items()
        if found.finite
    }


def _fresh_error(outcome: EntryOutcome) -> list[str]:
    error = outcome.fresh.error if outcome.fresh is not None else ""
    return [f"fresh prompts: {error}"] if error else []


def _claim_point(
    found: Measurement, accepted: Measurement | None, fresh: FreshPoint | None
) -> ClaimPoint:
    return ClaimPoint(
        value=found.value,
        interval=found.interval,
        n=found.n,
        accepted=accepted.value if accepted else None,
        tolerance=DEFAULT_TOLERANCES.of(found.metric) if accepted else None,
        fresh=fresh,
    )
