"""Writes what a run came to into the nightly journal (see `atlas.entries.journal`)."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from atlas.entries.circuit import Circuit
from atlas.entries.freshness import DEFAULT_TOLERANCES
from atlas.entries.journal import (
    HISTORY,
    KEPT_NIGHTS,
    LATEST,
    NIGHTS,
    SCHEMA_VERSION,
    ClaimPoint,
    FreshPoint,
    Night,
    Point,
    history_path,
    read_history,
    read_journal,
)
from atlas.entries.library import Library
from atlas.entries.measurement import Measurement
from atlas.errors import AtlasError
from atlas.files.whole import remove_unfinished, write_whole
from atlas.runs.judge import EntryOutcome
from atlas.runs.provenance import versions
from atlas.runs.results import read_result_file, rounded


def record_night(
    library: Library,
    outcomes: Sequence[EntryOutcome],
    folder: Path,
    now: datetime | None = None,
) -> Night:
    """Add a run's outcomes to the journal as tonight's; a second run of a night replaces the first.

    Each file is written whole, `latest.json` last: who reads meanwhile sees the night before.
    `now` is when the run ended, default the present.

    Raises:
        EntryError: the journal that is there is damaged.
        CannotWrite: no room or no right; each file is the one before or tonight's.
    """
    now = now or datetime.now(UTC)
    entries = {each.entry.id: _point(library, each, now.date()) for each in outcomes}
    night = Night(now.date(), now, environment(), entries)
    before = read_journal(folder)
    for name in (NIGHTS, HISTORY):
        (folder / name).mkdir(parents=True, exist_ok=True)
        remove_unfinished(folder / name)
    for entry, point in entries.items():
        _add_to_history(folder, entry, point)
    head = {"night": night.night.isoformat(), "environment": dict(night.environment)}
    lines = [head, *({"entry": name, **point.to_json()} for name, point in entries.items())]
    text = "".join(f"{_json(line)}\n" for line in lines)
    write_whole(folder / NIGHTS / f"{night.night.isoformat()}.jsonl", text.encode())
    known = dict(before.environments) if before else {}
    known[night.night] = night.environment
    latest = {
        "schema_version": SCHEMA_VERSION,
        "night": night.night.isoformat(),
        "published": now.isoformat(timespec="seconds"),
        "environments": {
            each.isoformat(): dict(known[each]) for each in sorted(known)[-KEPT_NIGHTS:]
        },
        "entries": {name: point.to_json() for name, point in entries.items()},
    }
    write_whole(folder / LATEST, f"{_json(latest)}\n".encode())
    return night


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


def _add_to_history(folder: Path, entry: str, point: Point) -> None:
    kept = [each for each in read_history(folder, entry) if each.night != point.night]
    points = sorted([*kept, point], key=lambda each: each.night)[-KEPT_NIGHTS:]
    value = {"entry": entry, "points": [each.to_json() for each in points]}
    write_whole(history_path(folder, entry), f"{_json(value)}\n".encode())


def _json(value: Any) -> str:
    """Compact JSON; a number that is not finite becomes null."""
    return json.dumps(_finite(rounded(value)), ensure_ascii=False, separators=(",", ":"))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
