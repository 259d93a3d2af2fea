"""Reads the locks: which version of each package is installed, and which files may be it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

LOCKS = Path(__file__).resolve().parent.parent / "locks"
NAMES = ("base", "everything", "torch", "tools", "fuzz")
HASH = re.compile(r" +--hash=sha256:([0-9a-f]{64})$")


class BrokenLock(ValueError):
    """A line that is no pinned package with its hashes."""


@dataclass(frozen=True)
class Pin:
    """One package of a lock."""

    name: str  # normalised
    version: str
    hashes: frozenset[str]  # SHA-256 of the files that may be it, hexadecimal
    needed_here: bool  # whether this system and this Python want it


def read_lock(path: Path) -> dict[str, Pin]:
    """The pins of a lock, by name.

    Raises:
        BrokenLock: a line is neither a comment nor one package with a version and its hashes.
    """
    return _by_name(_pins(path.read_text("utf-8"), hashed=True))


def read_constraints(path: Path) -> dict[str, Pin]:
    """The pins of a file of constraints, which has no hashes. Raises BrokenLock."""
    return _by_name(_pins(path.read_text("utf-8"), hashed=False))


def _by_name(pins: Iterator[Pin]) -> dict[str, Pin]:
    found: dict[str, Pin] = {}
    for pin in pins:
        if found.setdefault(pin.name, pin) != pin:
            raise BrokenLock(f"{pin.name} is pinned twice")
    return found


def _pins(text: str, hashed: bool) -> Iterator[Pin]:
    joined = text.replace("\\\n", "\\")
    for line in joined.splitlines():
        if line and not line.startswith("#"):
            yield _pin(line.split("\\"), hashed)


def _pin(parts: list[str], hashed: bool) -> Pin:
    first, *rest = parts
    try:
        requirement = Requirement(first.strip())
    except InvalidRequirement as error:
        raise BrokenLock(first) from error
    matches = [HASH.match(each.rstrip()) for each in rest]
    hashes = frozenset(each[1] for each in matches if each)
    (operator, version), *others = [
        (each.operator, each.version) for each in requirement.specifier
    ] or [("", "")]
    whole = all(matches) and bool(hashes) == hashed
    if operator != "==" or "*" in version or others or requirement.url or not whole:
        raise BrokenLock(first)
    marker = requirement.marker
    here = marker is None or marker.evaluate()
    return Pin(canonicalize_name(requirement.name), version, hashes, here)
