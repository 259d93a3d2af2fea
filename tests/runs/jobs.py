"""Jobs for the tests of executors; workers import them by name."""

import os
import signal
import time
from pathlib import Path

from atlas.errors import BadInput


def double(number: int) -> int:
    return 2 * number


def misbehave(how: str) -> str:
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "bad input":
        raise BadInput("argument", "a good one", "a bad one")
    if how == "bug":
        raise ZeroDivisionError("one over zero")
    if how == "hangs":
        time.sleep(60)
    return how


def threads(_: None) -> str:
    return os.environ["OMP_NUM_THREADS"]


def process(_: object) -> int:
    return os.getpid()


def lost_once(mark: str) -> str:
    """Its worker is lost the first time; the mark is a file that says that there was one."""
    path = Path(mark)
    if not path.exists():
        path.write_text("was here", encoding="utf-8")
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def counted(argument: tuple[str, int]) -> int:
    """Takes a while, and leaves a line in a file for each time that it ran to its end."""
    path, number = argument
    time.sleep(0.4)
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"{number}\n")
    return number
