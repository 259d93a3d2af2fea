"""A nightly journal of the example library: made-up nights, hostile text among the reasons."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

from atlas.entries.journal import HISTORY, ClaimPoint, FreshPoint, Point, history_path
from tests.site_builder.example_library import HOSTILE

FIRST = date(2026, 1, 1)
NIGHTS = 9
DRIFTING = "microworld-states-and-capitals"  # bad from the seventh night on, with a new torch
BAD_FROM = 6
FRESH_AT = 4  # prompts are drawn on the fifth night


def write_journal(folder: Path, entries: list[str]) -> Path:
    """Nine nights of these entries."""
    (folder / HISTORY).mkdir(parents=True)
    days = [FIRST + timedelta(days=number) for number in range(NIGHTS)]
    histories = {
        entry: [_point(entry, day, at) for at, day in enumerate(days)] for entry in entries
    }
    for entry, points in histories.items():
        value = {"entry": entry, "points": [each.to_json() for each in points]}
        history_path(folder, entry).write_text(json.dumps(value), encoding="utf-8")
    versions = {day: "2.12.0" if at < BAD_FROM else "2.13.0" for at, day in enumerate(days)}
    latest = {
        "schema_version": 1,
        "night": days[-1].isoformat(),
        "published": f"{days[-1]}T04:00:00+00:00",
        "environments": {day.isoformat(): {"torch": each} for day, each in versions.items()},
        "entries": {entry: points[-1].to_json() for entry, points in histories.items()},
    }
    (folder / "latest.json").write_text(json.dumps(latest), encoding="utf-8")
    return folder


def _point(entry: str, day: date, at: int) -> Point:
    bad = entry == DRIFTING and at >= BAD_FROM
    fresh = FreshPoint(0.45, (0.3, 0.6), 200, "supported") if at == FRESH_AT else None
    effect = ClaimPoint(0.5 + 0.001 * at - 0.1 * bad, (0.4, 0.6), 100, 0.5, 0.02, fresh)
    reasons = (HOSTILE,) if bad else ("measured again",)
    return Point(day, "drifted" if bad else "reproduced", "supported", reasons, {"effect": effect})
