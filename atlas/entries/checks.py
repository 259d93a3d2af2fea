"""Checks a library: reads each file once and returns every problem, each with its place."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atlas.entries.circuit import Circuit
from atlas.entries.feature import Feature
from atlas.entries.file_checks import (
    chosen_mode,
    first_line,
    form,
    misplaced,
    previous_version,
    shared_ids,
)
from atlas.entries.hostile import hostile_problems
from atlas.entries.library import Library
from atlas.entries.migrations import migrated
from atlas.entries.model import Model
from atlas.entries.problems import SEVERITIES, Problem, Severity, UnreadableFile
from atlas.entries.prompt_lines import read_prompt_lines
from atlas.entries.record import Record
from atlas.entries.redirects import Redirects
from atlas.entries.resource import Resource
from atlas.entries.rules.known import Known
from atlas.entries.rules.rule import Row, Rule, Subject
from atlas.entries.rules.table import RULES, severity_of
from atlas.entries.schema_validation import schema_problems
from atlas.entries.text import quoted
from atlas.entries.vocabulary import Vocabulary
from atlas.entries.yaml_source import YamlDocument, read_yaml
from atlas.errors import BadInput, SchemaError

RECORDS: dict[str, type[Record]] = {
    "circuit": Circuit,
    "feature": Feature,
    "model": Model,
    "resource": Resource,
    "vocabulary": Vocabulary,
    "redirects": Redirects,
}


@dataclass(frozen=True)
class Report:
    """What a check found, in the order of files and lines."""

    problems: tuple[Problem, ...]
    checked: Mapping[str, int]  # number of files by kind

    @property
    def summary(self) -> str:
        """One line: what was checked and how it went."""
        counts = [f"{number} {_words(kind, number)}" for kind, number in self.checked.items()]
        files = len({problem.file for problem in self.problems})
        found = [_many(severity, self.number(severity)) for severity in SEVERITIES]
        result = f"{', '.join(filter(None, found))} in {files} file{'s' * (files != 1)}"
        if not self.problems:
            result = "no problems"
        return f"{', '.join(counts) or 'nothing'} checked: {result}"

    def number(self, severity: Severity) -> int:
        """How many problems weigh that much."""
        return sum(severity_of(problem.code) == severity for problem in self.problems)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep an entry out."""
        return tuple(one for one in self.problems if severity_of(one.code) == "error")


def _many(severity: Severity, number: int) -> str:
    if number == 0:
        return ""
    if severity == "information":
        return f"{number} piece{'s' * (number != 1)} of information"
    return f"{number} {severity}{'s' * (number != 1)}"


def _words(kind: str, number: int) -> str:
    if kind == "redirects":
        return "file of redirects"
    if number == 1:
        return kind
    return "vocabularies" if kind == "vocabulary" else f"{kind}s"


@dataclass(frozen=True)
class EntryFile:
    """A file to check, and the id that its place gives it."""

    kind: str
    entry_id: str
    path: Path


@dataclass(frozen=True)
class _Parsed:
    """A file that fits its schema."""

    file: EntryFile
    document: YamlDocument
    record: Any


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Python's cycle collector, paused.

    What is read here holds no cycles, and to look for some in hundreds of thousands of nodes takes
    two fifths of the time of a check.
    """
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


@_no_search_for_cycles()
def check(library: Library, paths: Sequence[Path] = ()) -> Report:
    """Every problem of the library, or of the entries at or under the given paths.

    Raises BadInput for a path at which there is no entry.
    """
    chosen = files_at(library, paths)
    problems: list[Problem] = []
    parsed: list[_Parsed] = []
    for file in chosen:
        found, entry = _parse(library, file)
        problems += found
        if entry is not None:
            parsed.append(entry)
    records = {(one.file.kind, one.file.entry_id): one.record for one in parsed}
    known = Known(library, {**{(one.kind, one.entry_id): None for one in chosen}, **records})
    subjects: list[tuple[str, Subject[Any]]] = []
    for one in parsed:
        entry_id = one.file.entry_id
        rows: tuple[Row, ...] = ()
        found = []
        if one.file.kind == "circuit":
            rows, found = _prompts(library, one)
            known.remember_rows(entry_id, tuple(row.record for row in rows))
        problems += found
        readable = bool(rows) or not found
        subject = Subject(entry_id, one.record, one.document, known, rows, readable)
        subjects.append((one.file.kind, subject))
    for kind, subject in subjects:
        for rule in _RULES_OF[kind]:
            problems += rule.problems(subject)
    if not paths:
        problems += [*misplaced(library), *shared_ids(library)]
    checked = {kind: sum(file.kind == kind for file in chosen) for kind in RECORDS}
    return Report(
        tuple(sorted(set(problems))), {kind: many for kind, many in checked.items() if many}
    )


_RULES_OF: dict[str, tuple[Rule, ...]] = {
    kind: tuple(rule for rule in RULES if rule.kind == kind) for kind in RECORDS
}


def files_at(library: Library, paths: Sequence[Path] = ()) -> list[EntryFile]:
    """The files of all entries, or of those at or under the paths; raises BadInput as `check`."""
    every = list(_files(library))
    return _chosen(library, every, paths) if paths else every


def _files(library: Library) -> Iterator[EntryFile]:
    groups: tuple[tuple[str, Mapping[str, Path]], ...] = (
        ("circuit", library.circuits.paths),
        ("feature", library.features.paths),
        ("model", library.models.paths),
        ("resource", library.resources.paths),
        ("vocabulary", library.vocabularies.paths),
    )
    for kind, entries in groups:
        for entry_id, path in entries.items():
            yield EntryFile(kind, entry_id, path)
    redirects = library.root / "redirects.yaml"
    if redirects.is_file():
        yield EntryFile("redirects", "redirects", redirects)


def _chosen(library: Library, every: Sequence[EntryFile], paths: Sequence[Path]) -> list[EntryFile]:
    """The files at or under the paths; a path inside a circuit's folder stands for the circuit."""
    chosen: dict[EntryFile, None] = {}
    for path in paths:
        place = path.resolve()
        found = [file for file in every if place == file.path or place in file.path.parents]
        inside = [
            file for file in every if file.kind == "circuit" and file.path.parent == place.parent
        ]
        if not found and not inside:
            near = str(library.root)
            expected = f"a file or folder with entries in {near}"
            raise BadInput(quoted(str(path)), expected, "no entry there", "check the path")
        chosen.update(dict.fromkeys(found or inside))
    return list(chosen)


def _parse(library: Library, file: EntryFile) -> tuple[list[Problem], _Parsed | None]:
    shown_as = file.path.relative_to(library.root).as_posix()
    try:
        written = read_yaml(file.path, shown_as)
        document = migrated(written, file.kind)
    except UnreadableFile as error:
        return [error.problem], None
    problems = [] if document is written else [previous_version(written)]
    problems += schema_problems(file.kind, document)
    problems += hostile_problems(document)
    schema = library.schema_folder / f"{file.kind}.schema.json"
    problems += first_line(document, schema, file.path)
    problems += form(document, file.kind)
    if file.kind == "circuit":
        problems = _without_mode(problems) + list(chosen_mode(document))
    try:
        record = RECORDS[file.kind].from_data(document.data)
    except SchemaError:
        return problems, None  # the schema has said more about it
    return problems, _Parsed(file, document, record)


def _without_mode(problems: list[Problem]) -> list[Problem]:
    """Drops the schema's word on `mode`, which has a better message of its own."""
    return [one for one in problems if one.code != "E101" or not one.field.endswith("].mode")]


def _prompts(library: Library, circuit: _Parsed) -> tuple[tuple[Row, ...], list[Problem]]:
    path = circuit.file.path.parent / circuit.record.prompts.file
    shown_as = path.relative_to(library.root).as_posix()
    if not path.is_file():
        place = circuit.document.place(("prompts", "file"))
        expected, action = "a file beside circuit.yaml", "add it, or name another"
        found = f"no {quoted(path.name)}"
        return (), [
            Problem(
                circuit.document.file, place.line, place.column, "E134", "prompts.file",
                expected, found, action,
            )
        ]  # fmt: skip
    return read_prompt_lines(path, shown_as)
