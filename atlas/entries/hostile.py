"""Finds text that reads or prints otherwise than it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from atlas.entries.document import Document
from atlas.entries.problems import Problem, field_path
from atlas.entries.text import HOSTILE, printable

Step = str | int


def hostile_problems(document: Document) -> list[Problem]:
    """One problem for each key or text with control, bidirectional or invisible characters."""
    # A character can be written by an escape, so only a file without backslashes is cleared
    # by a look at its text.
    if "\\" not in document.text and not HOSTILE.search(document.text):
        return []
    return [_problem(document, path, text, key) for path, text, key in _texts(document.data, ())]


def _texts(data: Any, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], str, bool]]:
    if isinstance(data, str):
        if HOSTILE.search(data):
            yield path, data, False
    elif isinstance(data, dict):
        for key, value in data.items():
            if HOSTILE.search(key):
                yield (*path, key), key, True
            yield from _texts(value, (*path, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _texts(value, (*path, number))


def _problem(document: Document, path: tuple[Step, ...], text: str, is_key: bool) -> Problem:
    place = document.key_place(path) if is_key else document.place(path)
    match = HOSTILE.search(text)
    character = printable(match[0]) if match else ""
    return Problem(
        document.file,
        place.line,
        place.column,
        "E120",
        field_path(path),
        "text without control, bidirectional or invisible characters",
        character,
        "remove the character",
    )
