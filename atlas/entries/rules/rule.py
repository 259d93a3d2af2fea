"""What a rule is, what it looks at, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from atlas.entries.document import Document
from atlas.entries.json_source import JsonLine
from atlas.entries.problems import Problem, Severity, field_path
from atlas.entries.prompts import PromptRow
from atlas.entries.record import Record
from atlas.entries.rules.known import Known

Entry = TypeVar("Entry", bound=Record)


@dataclass(frozen=True)
class Finding:
    """Something that a rule objects to, at a path of the entry or of one of its prompt rows."""

    path: tuple[str | int, ...]
    expected: str
    found: str
    action: str
    at_key: bool = False
    row: JsonLine | None = None


@dataclass(frozen=True)
class Row:
    """A prompt row and the line that it stands in."""

    record: PromptRow
    line: JsonLine


@dataclass(frozen=True)
class Subject(Generic[Entry]):
    """One entry under check, with everything else that is known."""

    entry_id: str  # as the place of the file says
    record: Entry
    document: Document
    known: Known
    rows: tuple[Row, ...] = ()
    rows_readable: bool = True  # False where the file of prompts is missing or broken


Find = Callable[[Subject[Any]], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """A rule over one kind of entry: its stable code, what it demands, the function, its weight."""

    code: str
    kind: str
    demands: str
    find: Find
    severity: Severity = "error"

    def problems(self, subject: Subject[Any]) -> Iterator[Problem]:
        """The rule's findings in one entry, each with its place."""
        for finding in self.find(subject):
            document = finding.row or subject.document
            at = document.key_place if finding.at_key else document.place
            place = at(finding.path)
            yield Problem(
                document.file,
                place.line,
                place.column,
                self.code,
                field_path(finding.path),
                finding.expected,
                finding.found,
                finding.action,
            )
