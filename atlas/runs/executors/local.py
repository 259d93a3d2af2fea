"""Runs jobs in processes of this machine.

Each process is started afresh (`spawn`), so none inherits another's state, and one that is killed,
by a person or for its memory, takes only its own job with it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Sequence
from multiprocessing import connection
from multiprocessing.connection import Connection
from typing import Any

from atlas.errors import AtlasError
from atlas.runs.executors.job import Job, Needs, perform
from atlas.runs.executors.workers import Capacity, Worker, WorkerLost, Workers

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
GIGABYTE = 10**9
SECONDS_TO_END = 5.0  # between asking a process to end and ending it


class LocalWorkers(Workers):
    """Processes of this machine, so many side by side. Final."""

    def __init__(self, processes: int) -> None:
        self._threads = threads_per_job(max(processes, 1))
        self._started = 0

    def capacity(self) -> Capacity:
        """This machine's memory; results are measured on its CPU."""
        return Capacity(memory_of_machine(), gpus=0)

    def start(self, needs: Needs) -> Worker | None:
        """A new process. Those that run share the memory: how many do is the caller's choice."""
        del needs
        self._started += 1
        return _Process(f"process {self._started}", self._threads)

    def ended(self, busy: Sequence[Worker], seconds: float) -> list[Worker]:
        """Processes that sent something or are gone."""
        readers = {each.pipe: each for each in busy if isinstance(each, _Process)}
        ready = connection.wait(list(readers), timeout=seconds)
        return [readers[each] for each in ready if isinstance(each, Connection)]

    def close(self) -> None:
        """Nothing was taken."""


def threads_per_job(processes: int) -> int:
    """Threads for each of several jobs side by side, at least one.

    A limit that the environment sets (`OMP_NUM_THREADS` and its like) holds for each of them:
    threads that wait for a core that others use burn it.
    """
    given = [os.environ.get(name, "") for name in THREAD_VARIABLES]
    limits = [int(each) for each in given if each.isdigit()]
    return max(1, min([(os.cpu_count() or 1) // processes, *limits]))


def memory_of_machine() -> float | None:
    """Physical memory in 10⁹ bytes; None where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIGABYTE
    except (ValueError, OSError, AttributeError):
        return None


class _Process(Worker):
    """One process and the pipe to it. Final."""

    def __init__(self, name: str, threads: int) -> None:
        self.name = name
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_work, args=(theirs, str(threads)), name=name, daemon=False
        )
        self._process.start()
        theirs.close()
        self._idle = True

    def submit(self, job: Job) -> None:
        self._idle = False
        with contextlib.suppress(OSError):  # it is gone, which `result` will say
            self.pipe.send(job)

    def result(self) -> tuple[Any, AtlasError | None]:
        try:
            value, error = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            code = self._process.exitcode
            killed = code is not None and code < 0
            how = f"signal {-code}" if killed else f"exit code {code}"  # type: ignore[operator]
            raise WorkerLost(how) from None
        self._idle = True
        return value, error

    def stop(self) -> None:
        if self._idle:
            self.pipe.close()  # which ends a process that waits for a job
            self._process.join(SECONDS_TO_END)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(SECONDS_TO_END)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self.pipe.close()


def _work(pipe: Connection, threads: str) -> None:
    """In the new process: perform jobs and send back what they give, until it is ended."""
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, threads))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        pipe.send(perform(job))


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, so that nothing runs on unseen."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
