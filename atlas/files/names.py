"""How files and folders are called that are nobody's to read: half-made, outdated, or locks."""

from __future__ import annotations

from pathlib import Path

UNFINISHED, OUTDATED, LOCK = ".unfinished", ".outdated", ".lock"  # after a dot and a name


def is_passing(path: Path) -> bool:
    """Whether a name is one of these."""
    return path.name.startswith(".") and path.name.endswith((UNFINISHED, OUTDATED, LOCK))
