"""Claims on files and folders: for one process at a time, and gone with it however it ends."""

from __future__ import annotations

import errno
import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: nothing is kept apart there
    fcntl = None  # type: ignore[assignment]

# Of file systems that keep no locks, or none on what is open for reading.
NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF)


def claimed(path: Path, wait: bool = False, make: bool = True) -> int | None:
    """An open descriptor that holds a file or a folder until it is closed.

    None where another holder has it and `wait` is off, or where there is none and `make`, which
    makes an empty file, is off. Whoever holds may rename or delete it, so what was opened is held
    only if it still has the name. Raises OSError.
    """
    if fcntl is None:
        return os.open(os.devnull, os.O_RDONLY)
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT if make else os.O_RDONLY, 0o666)
        except FileNotFoundError:
            if make:
                raise
            return None
        try:
            granted = _granted(descriptor, wait)
            if granted and _has_name(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        if not granted:
            return None


def _granted(descriptor: int, wait: bool) -> bool:
    """Whether it is ours; a file system that keeps no locks grants everything."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
    return True


def _has_name(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
