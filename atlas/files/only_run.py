"""One run at a time in a folder: a second one says what it waits for, and waits.

The claim ends with the process, however it ends, so a run that was killed blocks nobody. Readers
take none.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from atlas.errors import MISSHAPEN, FolderInUse
from atlas.files.claim import claimed
from atlas.files.names import LOCK
from atlas.files.refusal import writing

LONGEST_COMMAND = 200  # characters of a command that a message shows


@dataclass(frozen=True)
class Turn:
    """What a run does that finds its folder in use."""

    wait: bool = True  # until it is free; else it ends at once
    say: Callable[[str], None] = lambda line: None  # told whom it waits for


@contextmanager
def only_run(*locks: Path, turn: Turn = Turn()) -> Iterator[None]:  # noqa: B008  frozen
    """Hold some lock files (`inside`, `beside`) for this process alone.

    They are taken in the order of their names, so that no two runs wait for each other.

    Raises:
        FolderInUse: another run holds one, and this one does not wait, or was interrupted.
        CannotWrite: no room or no right there, to hold it or to do what is done meanwhile.
    """
    with ExitStack() as held:
        for lock in sorted({each.resolve() for each in locks}):
            held.enter_context(_only_holder(lock, turn))
        yield


def inside(folder: Path) -> Path:
    """The lock of a folder that stays, such as that of results."""
    return folder / LOCK


def beside(folder: Path) -> Path:
    """The lock of a folder that is replaced as a whole, such as a site."""
    return folder.with_name(f".{folder.name}{LOCK}")


@contextmanager
def _only_holder(lock: Path, turn: Turn) -> Iterator[None]:
    with writing(lock.parent):
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = claimed(lock)
        if descriptor is None:
            descriptor = _waited_for(lock, turn)
        try:
            lock.write_text(json.dumps(_about_this_run()), encoding="utf-8")
            yield
        finally:
            lock.unlink(missing_ok=True)
            os.close(descriptor)


def _waited_for(lock: Path, turn: Turn) -> int:
    holder = _holder(lock)
    if not turn.wait:
        raise FolderInUse(_folder(lock), "no other run in this folder", holder, "wait for it")
    turn.say(f"waiting for {_folder(lock)}: {holder}; Ctrl-C ends the waiting")
    try:
        descriptor = claimed(lock, wait=True)
    except KeyboardInterrupt:
        action = "nothing was done"
        raise FolderInUse(_folder(lock), "the folder's turn", f"{holder}", action) from None
    if descriptor is None:
        raise AssertionError("a claim that waits is granted")
    return descriptor


def _folder(lock: Path) -> str:
    """The folder that a lock is of, as a person would name it."""
    folder = lock.parent if lock.name == LOCK else lock.with_name(lock.name[1 : -len(LOCK)])
    here = Path.cwd()
    return str(folder.relative_to(here) if folder.is_relative_to(here) else folder)


def _about_this_run() -> dict[str, object]:
    program = Path(sys.argv[0]).name.replace("__main__.py", "atlas")
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    return {"process": os.getpid(), "since": since, "command": shlex.join([program, *sys.argv[1:]])}


def _holder(lock: Path) -> str:
    """Who holds a lock, in words; it may just have been taken, or be of a killed run before."""
    try:
        found = json.loads(lock.read_text(encoding="utf-8"))
        process, since = int(found["process"]), datetime.fromisoformat(str(found["since"]))
        command = "".join(each for each in str(found["command"]) if each.isprintable())
    except (OSError, *MISSHAPEN):
        return "another run"
    shown = f"{command[:LONGEST_COMMAND]}…" if len(command) > LONGEST_COMMAND else command
    return f"process {process} (`{shown}`) has used it since {since:%Y-%m-%d %H:%M:%S}"
