"""A disk of a few kilobytes, full or read-only at will: a tmpfs that only a child process sees.

The child gets namespaces of its own, so no rights are needed where the system lets a user have
them, and nothing is left mounted, however the child ends.
"""

import contextlib
import ctypes
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.files.child import FINE, in_child

NEW_MOUNTS, NEW_USER = 0x00020000, 0x10000000
READ_ONLY, REMOUNT, PRIVATE, RECURSIVE = 1, 32, 1 << 18, 1 << 14
REASON = "this system lets no user mount a file system of its own"


class SmallDisk:
    """The disk, in the child that has it."""

    def __init__(self, folder: Path, size: int) -> None:
        """Mount it; `size` in bytes."""
        self.folder, self._size = folder, size
        _system("mount", b"tmpfs", bytes(folder), b"tmpfs", 0, b"size=%d" % size)

    def fill(self, leave: int = 0) -> None:
        """Leave no room, or so many bytes of it (in whole pages)."""
        with contextlib.suppress(OSError), (self.folder / "filling").open("wb", 0) as file:
            while True:
                file.write(bytes(4096))
        if leave:
            with (self.folder / "filling").open("rb+") as file:
                file.truncate(max(0, file.seek(0, os.SEEK_END) - leave))

    def make_room(self) -> None:
        """Take the filling away, and let it be written again."""
        self._remount(0)
        (self.folder / "filling").unlink(missing_ok=True)

    def read_only(self) -> None:
        """Refuse every write, whoever asks."""
        self._remount(READ_ONLY)

    def _remount(self, flags: int) -> None:
        size = b"size=%d" % self._size
        _system("mount", b"tmpfs", bytes(self.folder), b"tmpfs", REMOUNT | flags, size)


def assert_no_room(said: str, folder: Path) -> None:
    """The last line says that there is no room in the folder."""
    last = said.splitlines()[-1]
    assert last.startswith(f"atlas: {folder}"), said
    assert "No space left" in last


def on_small_disk(folder: Path, size: int, work: Callable[[SmallDisk], None]) -> None:
    """Do some work, tests included, in a child that has the disk; its failure is the caller's."""
    folder.mkdir(exist_ok=True)
    if in_child(lambda: _mounted(folder, size)) != FINE:
        pytest.skip(REASON)
    said = in_child(lambda: work(_mounted(folder, size)))
    assert said == FINE, said


def _mounted(folder: Path, size: int) -> SmallDisk:
    _own_namespaces()
    return SmallDisk(folder, size)


def _own_namespaces() -> None:
    user, group = os.getuid(), os.getgid()
    if user == 0:
        _system("unshare", NEW_MOUNTS)
    else:
        _system("unshare", NEW_MOUNTS | NEW_USER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    _system("mount", b"none", b"/", None, RECURSIVE | PRIVATE, None)


def _system(name: str, *given: object) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*given) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)


def call(*words: object) -> tuple[int, str]:
    """Run `atlas` in this process as `main` does: its exit code, and what it says on stderr."""
    from atlas.cli import main

    said = io.StringIO()
    before, sys.argv = sys.argv, ["atlas", *map(str, words)]
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            main()
    except SystemExit as end:
        return int(end.code or 0), said.getvalue()
    finally:
        sys.argv = before
    return 0, said.getvalue()


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content, and every empty folder; not the filling."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
        if path.name != "filling" and (path.is_file() or not any(path.iterdir()))
    }


def check_refusals(disk: SmallDisk, folder: Path, run: Callable[[], tuple[int, str]]) -> None:
    """On the full disk, and on the read-only one, a command says so in one line and ends with 1.

    What was there before is untouched, and with room the same command succeeds. `folder` is what
    the line must name, or a folder above or below it.
    """
    before = files_of(disk.folder)
    for make, words in ((disk.fill, "No space left on device"),
                        (disk.read_only, "Read-only file system")):  # fmt: skip
        make()
        code, said = run()
        last = said.strip().splitlines()[-1]
        assert code == 1, said
        assert words in last, said
        assert last.startswith("atlas: ")
        assert str(folder) in last, said
        assert "name another folder" in last
        assert "Traceback" not in said
        disk.make_room()
        assert files_of(disk.folder) == before
    code, said = run()
    assert code == 0, said
    assert files_of(disk.folder) != before
