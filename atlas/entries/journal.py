"""The nightly journal: what each night's run came to, kept beside the repository's history.

A folder (the branch `nightly-results`):

    nights/<YYYY-MM-DD>.jsonl   one line for the night, then one for each entry
    latest.json                 the last night, and the environments of the nights that are kept
    history/<entry>.json        the last nights of one entry, oldest first

Everything here only reads; `atlas.runs.add_night` writes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from atlas.entries.freshness import DRIFTED, FAILING, REPRODUCED
from atlas.errors import MISSHAPEN, EntryError

SCHEMA_VERSION = 1
KEPT_NIGHTS = 60  # points of an entry's history
LATEST, NIGHTS, HISTORY = "latest.json", "nights", "history"
BAD = (DRIFTED, FAILING)


@dataclass(frozen=True)
class FreshPoint:
    """The effect on prompts drawn for that night, and what the verdict would be on them alone."""

    value: float
    interval: tuple[float, float]
    n: int
    verdict: str


@dataclass(frozen=True)
class ClaimPoint:
    """One claim's effect on one night, beside the accepted one."""

    value: float
    interval: tuple[float, float]
    n: int
    accepted: float | None = None  # None: no measurement was accepted
    tolerance: float | None = None
    fresh: FreshPoint | None = None  # None: not measured on fresh prompts


@dataclass(frozen=True)
class Point:
    """One entry on one night."""

    night: date
    state: str  # of reproduction
    verdict: str
    reasons: tuple[str, ...] = ()
    claims: Mapping[str, ClaimPoint] = field(default_factory=dict)

    @property
    def bad(self) -> bool:
        """Whether it left its baseline or did not run through."""
        return self.state in BAD

    @property
    def good(self) -> bool:
        """Whether it was measured and agreed."""
        return self.state == REPRODUCED

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "night": self.night.isoformat()}

    @classmethod
    def from_json(cls, value: Any, where: str) -> Point:
        """Read what `to_json` gives. Raises EntryError for anything else."""
        try:
            claims = {name: _claim(each) for name, each in value["claims"].items()}
            return cls(
                night=date.fromisoformat(value["night"]),
                state=str(value["state"]),
                verdict=str(value["verdict"]),
                reasons=tuple(map(str, value["reasons"])),
                claims=claims,
            )
        except MISSHAPEN as error:
            raise _broken(where, error) from error


@dataclass(frozen=True)
class Night:
    """One night: with what was measured, and what became of each entry."""

    night: date
    published: datetime  # when the run ended, UTC
    environment: Mapping[str, str]  # versions, machine
    entries: Mapping[str, Point] = field(default_factory=dict)  # by id


@dataclass(frozen=True)
class Journal:
    """A journal that was read."""

    latest: Night
    environments: Mapping[date, Mapping[str, str]]
    histories: Mapping[str, tuple[Point, ...]]  # by entry, oldest first

    def bad_since(self, entry: str) -> date | None:
        """The first of the bad nights that last until now; None where the last one was not bad."""
        first = None
        for point in reversed(self.histories.get(entry, ())):
            if not point.bad:
                break
            first = point.night
        return first

    def changed_on(self, night: date) -> tuple[str, ...]:
        """What was different on a night from the night before, such as `torch 2.12.0 → 2.13.0`."""
        before = max((each for each in self.environments if each < night), default=None)
        if before is None or night not in self.environments:
            return ()
        old, new = self.environments[before], self.environments[night]
        names = sorted({*old, *new})
        return tuple(
            f"{name} {old.get(name, 'absent')} → {new.get(name, 'absent')}"
            for name in names
            if old.get(name) != new.get(name)
        )


def read_journal(folder: Path) -> Journal | None:
    """The journal in a folder; None where there is none.

    Raises:
        EntryError: a file of it is damaged.
    """
    path = folder / LATEST
    if not path.is_file():
        return None
    value = read_json(path)
    try:
        environments = {
            date.fromisoformat(night): {str(k): str(v) for k, v in each.items()}
            for night, each in value["environments"].items()
        }
        night = date.fromisoformat(value["night"])
        latest = Night(
            night=night,
            published=datetime.fromisoformat(value["published"]),
            environment=environments[night],
            entries={
                entry: Point.from_json(each, str(path)) for entry, each in value["entries"].items()
            },
        )
    except MISSHAPEN as error:
        raise _broken(str(path), error) from error
    histories = {entry: read_history(folder, entry) for entry in latest.entries}
    return Journal(latest, environments, histories)


def read_night(folder: Path, night: date) -> Night | None:
    """What was recorded of a night; None where nothing was.

    Raises:
        EntryError: the file is damaged.
    """
    path = folder / NIGHTS / f"{night.isoformat()}.jsonl"
    if not path.is_file():
        return None
    try:
        head, *lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        ended = head.get("published")
        return Night(
            night=date.fromisoformat(head["night"]),
            published=datetime.fromisoformat(ended)
            if ended
            else datetime.combine(night, time.min, UTC),
            environment={str(k): str(v) for k, v in head["environment"].items()},
            entries={str(each["entry"]): Point.from_json(each, str(path)) for each in lines},
        )
    except (OSError, *MISSHAPEN) as error:
        raise _broken(str(path), error) from error


def read_history(folder: Path, entry: str) -> tuple[Point, ...]:
    """The kept nights of an entry, oldest first; none where it was never recorded.

    Raises:
        EntryError: the file is damaged.
    """
    path = history_path(folder, entry)
    if not os.path.isfile(path):  # also where no file can have such a name
        return ()
    value = read_json(path)
    try:
        points = list(value["points"])
    except (KeyError, TypeError) as error:
        raise _broken(str(path), error) from error
    return tuple(Point.from_json(each, str(path)) for each in points)


def history_path(folder: Path, entry: str) -> Path:
    """Where an entry's history lies."""
    return folder / HISTORY / f"{entry.replace('/', '--')}.json"


def read_json(path: Path) -> Any:
    """A file's JSON value. Raises EntryError if it cannot be read or is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _broken(str(path), error) from error


def _claim(value: Any) -> ClaimPoint:
    low, high = value["interval"]
    accepted, tolerance = value["accepted"], value["tolerance"]
    return ClaimPoint(
        value=float(value["value"]),
        interval=(float(low), float(high)),
        n=int(value["n"]),
        accepted=None if accepted is None else float(accepted),
        tolerance=None if tolerance is None else float(tolerance),
        fresh=_fresh(value.get("fresh")),
    )


def _fresh(value: Any) -> FreshPoint | None:
    if value is None:
        return None
    low, high = value["interval"]
    return FreshPoint(
        value=float(value["value"]),
        interval=(float(low), float(high)),
        n=int(value["n"]),
        verdict=str(value["verdict"]),
    )


def _broken(where: str, error: Exception) -> EntryError:
    return EntryError(
        where,
        "a file of the nightly journal",
        f"{type(error).__name__}: {error}"[:200],
        "take the branch nightly-results as it was published",
    )
