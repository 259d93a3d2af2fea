"""Writes entries in their one form: whole files or nothing, and never outside the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from atlas.entries.checks import EntryFile, files_at
from atlas.entries.file_checks import first_line_of
from atlas.entries.form import formed, with_first_line
from atlas.entries.library import Library
from atlas.entries.text import printable
from atlas.entries.yaml_source import MOST_BYTES
from atlas.errors import AtlasError, BadInput, WrongPlace
from atlas.files.whole import write_whole


@dataclass(frozen=True)
class Repairs:
    """What was written, and what could not be."""

    written: tuple[Path, ...]
    refused: tuple[AtlasError, ...]


def repair(library: Library, paths: Sequence[Path] = ()) -> Repairs:
    """Give all entries, or those at or under the paths, the one form; no value changes.

    A file that breaks rules is formed too; one that is no YAML keeps all but its line feeds.
    Raises BadInput for a path at which there is no entry.
    """
    written, refused = [], []
    for file in files_at(library, paths):
        try:
            if _repair(library, file):
                written.append(file.path)
        except AtlasError as error:
            refused.append(error)
    return Repairs(tuple(written), tuple(refused))


def _repair(library: Library, file: EntryFile) -> bool:
    """Whether the file had to be written; raises WrongPlace where it lies elsewhere."""
    place = file.path.resolve()
    if not place.is_relative_to(library.root.resolve()):
        where = file.path.relative_to(library.root).as_posix()
        found, action = "a link that leads out of it", "put the file itself there"
        raise WrongPlace(where, "a file inside the library", found, action)
    try:
        if place.stat().st_size > MOST_BYTES:
            return False  # `atlas check` says that it is too large
        raw = place.read_bytes()
        before = raw.decode("utf-8")
        schema = library.schema_folder / f"{file.kind}.schema.json"
        after = with_first_line(formed(before, file.kind), first_line_of(schema, file.path))
        if after == before:
            return False
        write_whole(place, after.encode())
    except UnicodeDecodeError:
        return False  # and that it is no text
    except OSError as error:
        raise _unwritable(place, error) from None
    return True


def _unwritable(path: Path, error: OSError) -> BadInput:
    reason = printable(error.strerror or "an error of the system")
    return BadInput(str(path), "a file that can be written", reason, "check its rights")
