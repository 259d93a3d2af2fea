"""What a reader of foreign files is, to those that try inputs on it.

A reader takes bytes and gives what it read, or raises an AtlasError; anything else is a defect.
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis.strategies import SearchStrategy

LONGEST_LINE = 2000  # characters of an error
MEBIBYTE = 1 << 20


def largest_memory() -> float:
    """The most that this process has held, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEBIBYTE


@dataclass(frozen=True)
class Reader:
    """One reader and the inputs to try on it."""

    read: Callable[[bytes], object]
    inputs: SearchStrategy[bytes]
    good: bytes  # which it takes
    memory: Callable[[], float] = largest_memory  # MiB, of where it reads


def of_file(path: Path, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    """What reads the bytes from a file of this name."""

    def written(content: bytes) -> object:
        path.write_bytes(content)
        return read(path)

    return written
