"""What an executor is given and what it gives back, as data that any of them can send."""

from __future__ import annotations

import importlib
import traceback
from dataclasses import dataclass
from typing import Any

from atlas.errors import AtlasError, RunError


@dataclass(frozen=True)
class Needs:
    """What a job asks of the machine that runs it."""

    memory_gb: float = 0.0  # 10⁹ bytes
    gpus: int = 0
    seconds: float = 3600.0  # a job that hangs must not hold up the night


@dataclass(frozen=True)
class Job:
    """One call of a function, named `module:function` so that only a worker loads it.

    Jobs of one group run one after another in the same process, so that what they load they load
    once; a job without a group has a process of its own.
    """

    name: str
    function: str
    argument: Any
    group: str = ""
    needs: Needs = Needs()


@dataclass(frozen=True)
class Outcome:
    """What became of a job: its value, or the error that ended it."""

    job: Job
    value: Any = None
    error: AtlasError | None = None
    seconds: float = 0.0  # wall time of the last attempt
    worker: str = ""  # which worker had it


def perform(job: Job) -> tuple[Any, AtlasError | None]:
    """Call the job's function: its value, or its error. A mistake of ours fails this job only."""
    try:
        module, function = job.function.split(":")
        return getattr(importlib.import_module(module), function)(job.argument), None
    except AtlasError as error:
        return None, error
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        found = f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})"
        return None, RunError(job.name, "no error", found, "report this as a bug")
