"""Which entries to run, which to skip, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from atlas.entries.feature import Feature
from atlas.entries.library import Library
from atlas.errors import AtlasError, BadInput, EntryError
from atlas.runs.keys import Entry, Keys, find_entry, folder_name
from atlas.runs.provenance import Provenance
from atlas.runs.results import NOTEBOOK_FILE, read_result, read_result_file


@dataclass(frozen=True)
class Choice:
    """Which entries a person asked for."""

    ids: tuple[str, ...] = ()
    everything: bool = False  # all active entries
    changed: bool = False  # all whose accepted measurement is missing or of another version
    model: str = ""  # only entries on this model

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
    skipped: str = ""  # why this machine does not run it


def plan(library: Library, choice: Choice, results: Path) -> list[Planned]:
    """The entries that were asked for, circuits first, each with what is to be done.

    Raises:
        BrokenReference: an id that the library does not have.
        EntryError, SchemaError: an entry that cannot be read.
        BadInput: no entry fits.
    """
    keys = Keys(library)
    found = [_planned(library, keys, entry, results) for entry in _entries(library, choice)]
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


def _planned(library: Library, keys: Keys, entry: Entry, results: Path) -> Planned:
    key = keys.of(entry)
    folder = results / folder_name(entry)
    return Planned(
        entry=entry,
        folder=folder,
        key=key,
        fresh=_is_fresh(folder, key),
        skipped=_why_not_here(library, entry),
    )


def _is_fresh(folder: Path, key: Provenance) -> bool:
    """Whether the cached result is whole and of today's key; a damaged one is measured anew."""
    try:
        cached = read_result(folder)
    except EntryError:
        return False
    return (
        cached is not None and cached.provenance.key == key and (folder / NOTEBOOK_FILE).is_file()
    )


def _changed(library: Library, planned: Planned) -> bool:
    """Whether the accepted measurement is missing or speaks of other files than today's."""
    try:
        accepted = read_result_file(library.baseline(planned.entry))
    except AtlasError:
        return True
    return accepted is None or not accepted.provenance.same_entry(planned.key)


def _why_not_here(library: Library, entry: Entry) -> str:
    """Why this machine does not run the entry; "" where it does."""
    needed = library.models.find(entry.model).resources
    if needed.gpus:
        return f"its model needs {needed.gpus} GPU and results are measured on the CPU here"
    return ""


def features_by_dictionary(planned: Sequence[Planned]) -> dict[tuple[str, str], list[Feature]]:
    """The features to run, by model and dictionary: they are observed together."""
    groups: dict[tuple[str, str], list[Feature]] = {}
    for each in planned:
        if isinstance(each.entry, Feature):
            groups.setdefault((each.entry.model, each.entry.dictionary), []).append(each.entry)
    return groups
