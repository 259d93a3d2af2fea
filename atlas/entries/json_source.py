"""Readers of JSON files and of files with one JSON object per line, strict and with places."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from atlas.entries.document import Place
from atlas.entries.problems import Problem, UnreadableFile
from atlas.entries.text import printable, quoted
from atlas.entries.yaml_source import decode

MOST_BYTES = 20_000_000  # 100,000 prompts of 200 bytes
LONGEST_LINE = 20_000


@dataclass(frozen=True)
class JsonLine:
    """One line of a file: its data, and where its keys stand."""

    file: str
    text: str
    line: int
    data: dict[str, Any]

    def place(self, path: Sequence[str | int]) -> Place:
        """Where the value at this path stands: the column of its key, else of the line."""
        return self.key_place(path)

    def key_place(self, path: Sequence[str | int]) -> Place:
        """Where the last key of this path stands within the line."""
        column = 0
        for step in path:
            found = re.compile(re.escape(json.dumps(step)) + r"\s*:").search(self.text, column)
            if found is None:
                break
            column = found.start()
        return Place(self.line, column + 1)


def read_lines(path: Path, shown_as: str = "") -> Iterator[JsonLine | Problem]:
    """Each line of the file, or the problem that keeps it from being read.

    Raises UnreadableFile if the file itself cannot be read. Lines may not be empty.
    """
    file = shown_as or str(path)
    text = decode(_bytes(path, file), file)
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else [], start=1):
        try:
            yield _read_line(line, number, file)
        except UnreadableFile as error:
            yield error.problem


def _bytes(path: Path, file: str) -> bytes:
    message: tuple[str, str, str]
    try:
        size = path.stat().st_size
        if size <= MOST_BYTES:
            return path.read_bytes()
        message = (f"at most {MOST_BYTES:,} bytes", f"{size:,}", "keep fewer prompts")
        code = "E008"
    except OSError as error:
        reason = printable(error.strerror or "an error of the system")
        message, code = ("a readable file", reason, "check the path"), "E001"
    raise _Refusal(file, 1)(1, code, message) from None


def _read_line(line: str, number: int, file: str) -> JsonLine:
    refuse = _Refusal(file, number)
    if len(line) > LONGEST_LINE:
        message = (f"at most {LONGEST_LINE:,} characters", f"{len(line):,}", "shorten the row")
        raise refuse(1, "E008", message)
    if line.count("{") + line.count("[") > LONGEST_LINE // 20:
        raise refuse(1, "E009", ("a flat row", "a thousand brackets", "shorten the row"))
    plain = _plain_row(line)
    if plain is not None:
        return JsonLine(file, line, number, plain)
    try:
        data = json.loads(
            line, object_pairs_hook=_unique_keys(refuse), parse_constant=_refuse_constant(refuse)
        )
    except json.JSONDecodeError as error:
        found = f"a syntax error ({error.msg})"
        message = ("one JSON object", found, "check quotes and commas around this place")
        raise refuse(error.colno, "E014", message) from None
    except ValueError:
        message = ("numbers of a few digits", "a number of thousands", "write the number in full")
        raise refuse(1, "E010", message) from None
    if not isinstance(data, dict):
        raise refuse(1, "E014", ("one JSON object", quoted(data), "write {…} on the line"))
    return JsonLine(file, line, number, data)


def _plain_row(line: str) -> dict[str, Any] | None:
    """The row, if it certainly repeats no key; else None, and the careful reader decides.

    Asking for the pairs of every object takes twice as long. Where the text has as many
    quotes before colons as the data has keys, no key was lost.
    """
    try:
        data = json.loads(line)
    except ValueError:
        return None
    if not isinstance(data, dict):
        return None
    keys = len(data) + sum(len(value) for value in data.values() if isinstance(value, dict))
    plain = all(type(value) in (str, dict) for value in data.values())
    return data if plain and keys == line.count('":') else None


class _Refusal:
    """Makes the errors of one line."""

    def __init__(self, file: str, line: int) -> None:
        self.file = file
        self.line = line

    def __call__(self, column: int, code: str, message: tuple[str, str, str]) -> UnreadableFile:
        expected, found, action = message
        return UnreadableFile(
            Problem(self.file, self.line, column, code, "", expected, found, action)
        )


def _unique_keys(refuse: _Refusal) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in pairs:
            if key in data:
                found = f"a second {quoted(key)}"
                raise refuse(1, "E005", ("each key once", found, "keep one of them"))
            data[key] = value
        return data

    return build


def _refuse_constant(refuse: _Refusal) -> Callable[[str], NoReturn]:
    def never(word: str) -> NoReturn:
        raise refuse(1, "E010", ("a finite number", f'"{word}"', "write a number"))

    return never
