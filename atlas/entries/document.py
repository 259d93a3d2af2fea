"""A file's data together with the place of every key and value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Path = Sequence[str | int]


@dataclass(frozen=True)
class Place:
    """A line and a column, both counted from 1."""

    line: int
    column: int


class Document(Protocol):
    """What the checks need of a file that was read."""

    @property
    def file(self) -> str:
        """The file's path, as messages show it."""

    @property
    def text(self) -> str:
        """The whole text of the file."""

    @property
    def data(self) -> Any:
        """What the file holds."""

    def place(self, path: Path) -> Place:
        """Where the value at this path stands, or the nearest value above it."""

    def key_place(self, path: Path) -> Place:
        """Where the key that the path ends in stands."""


def value_at(data: Any, path: Path) -> Any:
    """The value at a path; None where the data has no such place."""
    for step in path:
        if isinstance(data, Mapping) and isinstance(step, str):
            data = data.get(step)
        elif isinstance(data, Sequence) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data
