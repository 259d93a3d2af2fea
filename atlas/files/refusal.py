"""What the system says when something cannot be written, as one error with a way out."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from atlas.errors import CannotWrite

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_RIGHT = (errno.EACCES, errno.EPERM, errno.ENOTDIR)
ACTIONS = {
    **dict.fromkeys(NO_ROOM, "make room there, or name another folder"),
    **dict.fromkeys((errno.EROFS, *NO_RIGHT), "change its rights, or name another folder"),
    errno.ENOTDIR: "it is below a file: name another folder",
    errno.EBUSY: "it is where something is mounted: name a folder inside it",
}


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn the system's refusal to write in a folder into CannotWrite; other errors pass."""
    try:
        yield
    except OSError as error:
        refused = refusal(error, folder)
        if refused is None:
            raise
        raise refused from error


def refusal(error: OSError, folder: Path) -> CannotWrite | None:
    """The error to show; None where the system did not refuse to write.

    A disk can be full, or read-only, elsewhere than in `folder`: then the error's own file says
    where. Missing rights may also be rights to read, so they count inside the folder only.
    """
    if error.errno not in ACTIONS:
        return None
    place = _folder_of(error) or folder
    if error.errno in NO_RIGHT and not _inside(place, folder):
        return None
    return _cannot_write(place, error.errno)


def told_refusal(text: str, folder: Path) -> CannotWrite | None:
    """The error to show where another program's last words name such a refusal; else None."""
    for number in (errno.EROFS, *NO_ROOM):
        if os.strerror(number).lower() in text.lower():
            return _cannot_write(folder, number)
    return None


def _cannot_write(folder: Path, number: int) -> CannotWrite:
    action = f"{ACTIONS[number]}; what was there before is as it was"
    return CannotWrite(str(folder), "a folder that can be written", os.strerror(number), action)


def _folder_of(error: OSError) -> Path | None:
    """The folder of the file that an error names."""
    named = error.filename2 or error.filename
    return Path(os.fsdecode(named)).parent if isinstance(named, str | bytes | os.PathLike) else None


def _inside(place: Path, folder: Path) -> bool:
    place, folder = place.resolve(), folder.resolve()
    return place.is_relative_to(folder) or folder.is_relative_to(place)
