"""Adds a night to the folder of the nightly journal (see `atlas.entries.journal`).

Several machines may measure in one night, and a machine twice. Of an entry that was measured twice
the worse counts, and one that was measured counts before one that was not; so it does not matter
in which order nights are added, nor how often.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from atlas.entries.freshness import DRIFTED, FAILING, NEVER_RUN, REPRODUCED, SKIPPED, STALE
from atlas.entries.journal import (
    HISTORY,
    KEPT_NIGHTS,
    LATEST,
    NIGHTS,
    SCHEMA_VERSION,
    Journal,
    Night,
    Point,
    history_path,
    read_history,
    read_journal,
    read_night,
)
from atlas.files.whole import remove_unfinished, write_whole
from atlas.runs.results import rounded

COUNTS_BEFORE = (FAILING, DRIFTED, REPRODUCED, NEVER_RUN, STALE, SKIPPED)


def add_night(folder: Path, night: Night) -> Night:
    """Join a night with what the journal already has of that date, and write it; the joined night.

    Each file is written whole, `latest.json` last: who reads meanwhile sees the night before. An
    older night than the last one goes into the histories and leaves `latest.json` at the last.

    Raises:
        EntryError: the journal that is there is damaged.
    """
    before, known = read_journal(folder), read_night(folder, night.night)
    joined = night if known is None else join(known, night)
    for name in (NIGHTS, HISTORY):
        (folder / name).mkdir(parents=True, exist_ok=True)
        remove_unfinished(folder / name)
    for entry, point in joined.entries.items():
        _add_to_history(folder, entry, point)
    _write_night(folder, joined)
    _write_latest(folder, before, joined)
    return joined


def join(one: Night, other: Night) -> Night:
    """Two records of one date as one."""
    entries = dict(one.entries)
    for entry, point in other.entries.items():
        entries[entry] = _of_two(entries[entry], point) if entry in entries else point
    names = sorted({*one.environment, *other.environment})
    environment = {name: _both(one.environment.get(name), other.environment.get(name))
                   for name in names}  # fmt: skip
    published = max(one.published, other.published)
    return replace(one, published=published, environment=environment, entries=_sorted(entries))


def _of_two(one: Point, other: Point) -> Point:
    """The point that counts; of two in the same state the one that says more."""

    def key(point: Point) -> tuple[int, int, int, str]:
        fresh = sum(each.fresh is not None for each in point.claims.values())
        known = point.state in COUNTS_BEFORE
        later = COUNTS_BEFORE.index(point.state) if known else len(COUNTS_BEFORE)
        return -later, len(point.claims), fresh, _json(point.to_json())

    return max(one, other, key=key)


def _both(one: str | None, other: str | None) -> str:
    """A version, or the versions of several machines: `2.13.0, 2.13.0+cpu`."""
    found = {part for each in (one, other) if each for part in each.split(", ")}
    return ", ".join(sorted(found))


def _sorted(entries: Mapping[str, Point]) -> dict[str, Point]:
    return {entry: entries[entry] for entry in sorted(entries)}


def _add_to_history(folder: Path, entry: str, point: Point) -> None:
    kept = [each for each in read_history(folder, entry) if each.night != point.night]
    points = sorted([*kept, point], key=lambda each: each.night)[-KEPT_NIGHTS:]
    value = {"entry": entry, "points": [each.to_json() for each in points]}
    write_whole(history_path(folder, entry), f"{_json(value)}\n".encode())


def _write_night(folder: Path, night: Night) -> None:
    head = {
        "night": night.night.isoformat(),
        "environment": dict(night.environment),
        "published": night.published.isoformat(timespec="seconds"),
    }
    lines = [head, *({"entry": name, **point.to_json()} for name, point in night.entries.items())]
    text = "".join(f"{_json(line)}\n" for line in lines)
    write_whole(folder / NIGHTS / f"{night.night.isoformat()}.jsonl", text.encode())


def _write_latest(folder: Path, before: Journal | None, night: Night) -> None:
    last = before.latest if before and before.latest.night > night.night else night
    environments = {**(before.environments if before else {}), night.night: night.environment}
    latest = {
        "schema_version": SCHEMA_VERSION,
        "night": last.night.isoformat(),
        "published": last.published.isoformat(timespec="seconds"),
        "environments": {
            each.isoformat(): dict(environments[each])
            for each in sorted(environments)[-KEPT_NIGHTS:]
        },
        "entries": {name: point.to_json() for name, point in last.entries.items()},
    }
    write_whole(folder / LATEST, f"{_json(latest)}\n".encode())


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
