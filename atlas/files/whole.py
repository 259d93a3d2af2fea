"""Files and folders that appear whole or not at all, however their writer ends.

Each is made beside its place, as `.<name>.unfinished`, and takes its name when it is complete. Its
writer holds a claim on it, so what a killed writer left is known by being nobody's: the next one
of that name begins anew in it, and `remove_unfinished` clears a folder of all.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from atlas.files.claim import claimed
from atlas.files.exchange import exchange
from atlas.files.names import OUTDATED, UNFINISHED
from atlas.files.refusal import writing


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Where to write a file; it takes the name `path` at the end, unless an error came first.

    It keeps the rights of the file that it replaces. A pipe or a device is written directly.

    Raises:
        CannotWrite: no room, no right; what was there before is as it was.
    """
    target = path.resolve() if path.is_symlink() else path
    with writing(target.parent):
        if target.exists() and not target.is_file():
            yield target
            return
        place, descriptor = _free_file(target)
        try:
            yield place
            _synchronise(place)
            if target.exists():
                place.chmod(stat.S_IMODE(target.stat().st_mode))
            os.replace(place, target)
        except BaseException:
            place.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        _synchronise(target.parent)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, on disk when this returns. Raises CannotWrite as `whole_file`."""
    with whole_file(path) as place:
        place.write_bytes(content)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """An empty folder to fill; it takes the name `folder` at the end, and an older one gives way.

    A reader finds the older or the newer one, never none where the system can exchange two names.

    Raises:
        CannotWrite: no room, no right; what was there before is as it was.
    """
    target = folder.resolve() if folder.is_symlink() else folder
    with writing(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        recover(target)
        place, descriptor = _free_folder(target)
        try:
            yield place
            _synchronise(place)
            _give_name(place, target)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        finally:
            os.close(descriptor)
        _remove(place)  # the older one, if the two were exchanged
        _synchronise(target.parent)


def recover(folder: Path) -> None:
    """Give back its name to a folder whose successor's writer was killed between two renames."""
    outdated = _beside(folder, OUTDATED)
    if outdated.is_dir() and not folder.exists():
        os.rename(outdated, folder)
    else:
        shutil.rmtree(outdated, ignore_errors=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what killed writers left in a folder; what is being written stays."""
    for path in folder.glob(f".*{OUTDATED}"):
        recover(path.with_name(path.name[1 : -len(OUTDATED)]))
    for path in folder.glob(f".*{UNFINISHED}"):
        _remove(path)


def _remove(path: Path) -> None:
    """Remove a file or folder that nobody writes."""
    descriptor = claimed(path, make=False)
    if descriptor is None:
        return
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    os.close(descriptor)


def _beside(path: Path, ending: str, number: int = 0) -> Path:
    return path.with_name(f".{path.name}{f'.{number}' if number else ''}{ending}")


def _free_file(target: Path) -> tuple[Path, int]:
    """An empty file beside the target that nobody else writes, and the claim on it."""
    numbers = count()
    while True:
        place = _beside(target, UNFINISHED, next(numbers))
        descriptor = claimed(place)
        if descriptor is not None:
            place.write_bytes(b"")
            return place, descriptor


def _free_folder(target: Path) -> tuple[Path, int]:
    """An empty folder beside the target that nobody else fills, and the claim on it."""
    numbers = count()
    while True:
        place = _beside(target, UNFINISHED, next(numbers))
        place.mkdir(exist_ok=True)
        descriptor = claimed(place, make=False)
        if descriptor is not None:
            _empty(place)
            return place, descriptor


def _empty(folder: Path) -> None:
    for each in folder.iterdir():
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink()


def _give_name(place: Path, folder: Path) -> None:
    """Put a finished folder in its place; what was there before has its name afterwards."""
    if not folder.exists():
        os.rename(place, folder)
    elif not exchange(place, folder):
        outdated = _beside(folder, OUTDATED)
        shutil.move(folder, outdated)  # copies where a folder's layers cannot be renamed
        os.rename(place, folder)
        shutil.rmtree(outdated, ignore_errors=True)


def _synchronise(path: Path) -> None:
    """Put a file's content, or a folder's names, on disk; OSError only where a file lacks room."""
    if path.is_dir() and os.name == "nt":
        return  # folders cannot be opened there
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    except OSError:
        if path.is_file():
            raise
    finally:
        os.close(descriptor)
