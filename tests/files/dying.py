"""A child process that dies, as by a kill, just before some step by which a file system changes."""

import contextlib
import os
from collections.abc import Callable, Iterator

from atlas.files import whole
from tests.files.child import FINE, in_child

STEPS = {
    **{name: (os, name) for name in ("replace", "rename", "fsync", "unlink", "rmdir", "mkdir")},
    "exchange": (whole, "exchange"),
    "truncate": (whole.Path, "write_bytes"),
}


@contextlib.contextmanager
def _counting(step: int) -> Iterator[None]:
    """Die at the step of this number, counted over all kinds."""
    taken = 0

    def dying(function: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **named: object) -> object:
            nonlocal taken
            if taken == step:
                os._exit(9)
            taken += 1
            return function(*given, **named)

        return call

    before = {place: getattr(*place) for place in STEPS.values()}
    for (owner, name), function in before.items():
        setattr(owner, name, dying(function))
    try:
        yield
    finally:
        for (owner, name), function in before.items():
            setattr(owner, name, function)


def dies_at(step: int, work: Callable[[], object]) -> bool:
    """Do some work in a child that dies at a step; False where it ended before."""

    def counted() -> None:
        with _counting(step):
            work()

    said = in_child(counted)
    assert said in (FINE, ""), said  # nothing is said by the dead
    return said == ""
