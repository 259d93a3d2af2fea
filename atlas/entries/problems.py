"""One problem of one file: its place, what was expected, what was found, and the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, get_args

from atlas.entries.text import printable
from atlas.errors import SchemaError

Severity = Literal["error", "warning", "information"]
"""An error keeps an entry out; a warning should be put right; information is only worth knowing."""

SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True, order=True)
class Problem:
    """Something wrong in a file; prints as one line that an editor can jump to.

    `line` and `column` count from 1. `code` is stable and documented; `field` is the path of the
    value within the file, such as `claims[1].threshold.value`, and empty for the whole file.
    """

    file: str
    line: int
    column: int
    code: str
    field: str
    expected: str
    found: str
    action: str

    def __str__(self) -> str:
        field = f" {printable(self.field)}" if self.field else ""
        return f"{self.where}: {self.code}{field}: {self.words}"

    @property
    def where(self) -> str:
        """File, line and column, as editors read them."""
        return f"{printable(self.file)}:{self.line}:{self.column}"

    @property
    def words(self) -> str:
        """What was expected, what was found, and what to do."""
        return f"expected {self.expected}; found {self.found}; {self.action}"


class UnreadableFile(SchemaError):  # noqa: N818  named as its siblings in atlas.errors
    """A file that cannot be read at all; carries the problem with its place."""

    def __init__(self, problem: Problem) -> None:
        where = f"{problem.file}:{problem.line}:{problem.column}: {problem.code}"
        super().__init__(where, problem.expected, problem.found, problem.action)
        self.problem = problem

    def __reduce__(self) -> tuple[type[UnreadableFile], tuple[Problem]]:
        return (UnreadableFile, (self.problem,))


def did_you_mean(found: str, candidates: Iterable[str]) -> str:
    """` (did you mean "…")` for the nearest candidate, or nothing if none is near."""
    near = get_close_matches(found, list(candidates), n=1, cutoff=0.6)
    return f' (did you mean "{printable(near[0])}")' if near else ""


def field_path(path: Iterable[str | int]) -> str:
    """The path of a value as people write it: `claims[1].threshold.value`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text
