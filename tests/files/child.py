"""Work done in a child process, whose failure is the caller's."""

import os
import traceback
import warnings
from collections.abc import Callable

FINE = "fine"


def in_child(work: Callable[[], None]) -> str:
    """Do some work in a child that shares what is loaded; the text of its failure, else FINE."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Python warns of forks beside threads; the child starts none and takes no lock of theirs.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reader)
        os.write(writer, _outcome(work).encode()[-60_000:])
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as answer:
        said = answer.read().decode(errors="replace")
    os.waitpid(child, 0)
    return said


def _outcome(work: Callable[[], None]) -> str:
    try:
        work()
    except BaseException:
        return traceback.format_exc()
    return FINE
