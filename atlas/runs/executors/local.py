"""Runs jobs in processes of this machine, one process per job.

Each process is started afresh (`spawn`), so no job inherits another's state, and one that is
killed, by a person or for its memory, fails only its own job.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from atlas.errors import AtlasError, BadInput, RunError

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Job:
    """One call of a function, named `module:function` so that only its own process loads it."""

    name: str
    function: str
    argument: Any


@dataclass(frozen=True)
class Outcome:
    """What became of a job: its value, or the error that ended it."""

    job: Job
    value: Any = None
    error: AtlasError | None = None
    seconds: float = 0.0  # wall time of the process


@dataclass(frozen=True)
class LocalSettings:
    """How many jobs run side by side, and for how long at most."""

    processes: int = 1
    seconds_per_job: float = 3600.0  # a job that hangs must not hold up the night
    environment: Mapping[str, str] = field(default_factory=dict)  # set in each process


@dataclass(frozen=True)
class _Running:
    job: Job
    process: SpawnProcess
    reader: Connection
    started: float


def run_jobs(jobs: Sequence[Job], settings: LocalSettings) -> Iterator[Outcome]:
    """The outcome of each job, in the order in which they end.

    Closing the iterator, or an interrupt, ends the processes that still run. Raises BadInput for
    fewer than one process.
    """
    if settings.processes < 1:
        raise BadInput("--jobs", "a number from 1 on", str(settings.processes))
    waiting = list(reversed(jobs))
    running: dict[Connection, _Running] = {}
    try:
        while waiting or running:
            while waiting and len(running) < settings.processes:
                started = _start(waiting.pop(), settings)
                running[started.reader] = started
            for reader in connection.wait(list(running), timeout=1.0):
                yield _finish(running.pop(reader))  # type: ignore[call-overload]
            for late in [r for r in running.values() if _is_late(r, settings)]:
                del running[late.reader]
                yield _give_up(late, settings)
    finally:
        for each in running.values():
            _end(each.process)


def threads_per_job(processes: int) -> int:
    """Threads for each of several jobs side by side, at least one."""
    return max(1, (os.cpu_count() or 1) // processes)


def _start(job: Job, settings: LocalSettings) -> _Running:
    context = multiprocessing.get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    threads = str(threads_per_job(settings.processes))
    environment = dict.fromkeys(THREAD_VARIABLES, threads) | dict(settings.environment)
    process = context.Process(
        target=_work, args=(writer, job, environment), name=job.name, daemon=False
    )
    process.start()
    writer.close()
    return _Running(job, process, reader, time.monotonic())


def _work(writer: Connection, job: Job, environment: Mapping[str, str]) -> None:
    """In the new process: call the function and send back what it gives or raises."""
    os.environ.update(environment)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        module, function = job.function.split(":")
        writer.send((getattr(importlib.import_module(module), function)(job.argument), None))
    except AtlasError as error:
        writer.send((None, error))
    except Exception as error:  # a mistake of ours must fail this job only, and be told
        place = traceback.extract_tb(error.__traceback__)[-1]
        found = f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})"
        writer.send((None, RunError(job.name, "no error", found, "report this as a bug")))


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, so that nothing runs on unseen."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _finish(ended: _Running) -> Outcome:
    """The outcome of a process that sent something or is gone."""
    seconds = time.monotonic() - ended.started
    try:
        value, error = ended.reader.recv()
    except (EOFError, OSError):
        value, error = None, None
        ended.process.join()
        code = ended.process.exitcode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        error = RunError(
            ended.job.name,
            "a result",
            f"its process ended with {how}",
            "run it again; with signal 9 the machine may lack memory: fewer --jobs",
        )
    ended.reader.close()
    ended.process.join()
    return Outcome(ended.job, value, error, seconds)


def _is_late(running: _Running, settings: LocalSettings) -> bool:
    return time.monotonic() - running.started > settings.seconds_per_job


def _give_up(late: _Running, settings: LocalSettings) -> Outcome:
    _end(late.process)
    error = RunError(
        late.job.name,
        f"an end within {settings.seconds_per_job:g} seconds",
        "it still ran",
        "give its model more minutes in models/*.yaml",
    )
    return Outcome(late.job, None, error, time.monotonic() - late.started)


def _end(process: SpawnProcess) -> None:
    process.terminate()
    process.join(5)
    if process.is_alive():
        process.kill()
        process.join()
