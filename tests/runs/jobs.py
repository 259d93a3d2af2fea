"""Workers for the tests of the executor; processes import them by name."""

import os
import signal
import time

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
