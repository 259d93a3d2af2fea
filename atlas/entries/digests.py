"""Digests of files and folders: what an entry names its weights by, and what a run is keyed by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises OSError if it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_digest(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def folder_digest(folder: Path) -> str:
    """SHA-256 over the sorted lines "relative-path sha256(file)" of all files under a folder."""
    return files_digest(folder, (path for path in folder.rglob("*") if path.is_file()))


def files_digest(root: Path, paths: Iterable[Path]) -> str:
    """The same over some files, named by their path below `root`."""
    lines = sorted(f"{path.relative_to(root).as_posix()} {file_digest(path)}\n" for path in paths)
    return text_digest("".join(lines))
