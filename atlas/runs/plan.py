"""Which entries to run, which to skip, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from atlas.entries.digests import text_digest
from atlas.entries.feature import Feature
from atlas.entries.library import Library
from atlas.errors import AtlasError, BadInput, EntryError
from atlas.runs.executors.workers import Capacity
from atlas.runs.keys import Entry, Keys, find_entry, folder_name
from atlas.runs.provenance import Provenance
from atlas.runs.results import NOTEBOOK_FILE, Result, read_result, read_result_file

QUARTERS = 4  # days until every unchanged entry was run again


@dataclass(frozen=True)
class Choice:
    """Which entries a person asked for."""

    ids: tuple[str, ...] = ()
    everything: bool = False  # all active entries
    changed: bool = False  # all whose accepted measurement is missing or of another version
    model: str = ""  # only entries on this model
    again_on: date | None = None  # the day whose quarter of the unchanged entries is run again

    def __post_init__(self) -> None:
        named = [bool(self.ids), self.everything, self.changed]
        if sum(named) != 1:
            raise BadInput(
                "entries", "ids, or --all, or --changed", f"{sum(named)} of them", "give one"
            )


@dataclass(frozen=True)
class Planned:
    """One entry and what is to be done about it."""

    entry: Entry
    folder: Path  # of its result
    key: Provenance
    fresh: bool  # its cached result has the key of today: nothing needs to run
    skipped: str = ""  # why the workers do not run it
    measured: datetime | None = None  # when the cached result was


@dataclass(frozen=True)
class Place:
    """Where results are kept, and what the workers that make them have."""

    results: Path
    capacity: Capacity
    direct: bool = False  # whether results have no filled notebook


def plan(library: Library, choice: Choice, place: Place) -> list[Planned]:
    """The entries that were asked for, circuits first, each with what is to be done.

    Raises:
        BrokenReference: an id that the library does not have.
        EntryError, SchemaError: an entry that cannot be read.
        BadInput: no entry fits.
    """
    keys = Keys(library)
    found = [_planned(library, keys.of(entry), entry, place) for entry in _entries(library, choice)]
    if choice.again_on is not None:
        found = [_again(each, choice.again_on) for each in found]
    if choice.changed:
        found = [each for each in found if _changed(library, each)]
    elif not found:
        on = f" on the model {choice.model}" if choice.model else ""
        raise BadInput("entries", f"at least one active entry{on}", "none", "see `atlas list`")
    return found


def _entries(library: Library, choice: Choice) -> list[Entry]:
    if choice.ids:
        return [find_entry(library, entry_id) for entry_id in dict.fromkeys(choice.ids)]
    entries: list[Entry] = [*library.circuits.values(), *library.features.values()]
    return [
        entry
        for entry in entries
        if entry.lifecycle == "active" and choice.model in ("", entry.model)
    ]


def _planned(library: Library, key: Provenance, entry: Entry, place: Place) -> Planned:
    folder = place.results / folder_name(entry)
    cached = _cached(folder)
    whole = place.direct or (folder / NOTEBOOK_FILE).is_file()
    return Planned(
        entry=entry,
        folder=folder,
        key=key,
        fresh=whole and cached is not None and cached.provenance.key == key,
        skipped=_why_not_here(library, entry, place.capacity),
        measured=cached.started if cached is not None else None,
    )


def _cached(folder: Path) -> Result | None:
    """The cached result; None where there is none or it is damaged, so that it is measured anew."""
    try:
        return read_result(folder)
    except EntryError:
        return None


def _again(planned: Planned, day: date) -> Planned:
    """Not fresh where it is the entry's day, unless it was measured that day already."""
    mine = int(text_digest(planned.entry.id)[:8], 16) % QUARTERS == day.toordinal() % QUARTERS
    done = planned.measured is not None and planned.measured.date() >= day
    return replace(planned, fresh=planned.fresh and (done or not mine))


def _changed(library: Library, planned: Planned) -> bool:
    """Whether the accepted measurement is missing or speaks of other files than today's."""
    try:
        accepted = read_result_file(library.baseline(planned.entry))
    except AtlasError:
        return True
    return accepted is None or not accepted.provenance.same_entry(planned.key)


def _why_not_here(library: Library, entry: Entry, capacity: Capacity) -> str:
    """Why the workers do not run the entry; "" where they do."""
    needed = library.models.find(entry.model).resources
    if needed.gpus > capacity.gpus:
        return f"its model needs {needed.gpus} GPU and there are {capacity.gpus} for a job here"
    if capacity.memory_gb is not None and needed.memory_gb > capacity.memory_gb:
        have = f"{capacity.memory_gb:.0f} GB"
        return f"its model needs {needed.memory_gb:g} GB of memory and there are {have} here"
    return ""


def features_by_dictionary(planned: Sequence[Planned]) -> dict[tuple[str, str], list[Feature]]:
    """The features to run, by model and dictionary: they are observed together."""
    groups: dict[tuple[str, str], list[Feature]] = {}
    for each in planned:
        if isinstance(each.entry, Feature):
            groups.setdefault((each.entry.model, each.entry.dictionary), []).append(each.entry)
    return groups
