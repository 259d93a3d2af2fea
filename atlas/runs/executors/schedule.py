"""Hands jobs to workers: groups kept together, lost workers replaced, late jobs given up."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from atlas.errors import BadInput, RunError
from atlas.runs.executors.job import Job, Outcome
from atlas.runs.executors.workers import Worker, WorkerLost, Workers

WAIT_SECONDS = 1.0  # between two looks at the clock
PAUSE_SECONDS = 0.2  # between two looks for room


@dataclass(frozen=True)
class ScheduleSettings:
    """How many jobs run side by side, and how often a lost one is tried again."""

    workers: int = 1
    retries: int = 2  # of a job whose worker was lost; an error is never tried again
    seconds_for_room: float = 60.0  # how long to wait for room while nothing runs
    notice: Callable[[str], None] = lambda _: None  # told of workers that were lost


@dataclass(frozen=True)
class _Running:
    job: Job
    started: float

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


def run_jobs(
    jobs: Sequence[Job], workers: Workers, settings: ScheduleSettings
) -> Iterator[Outcome]:
    """The outcome of each job, once each, in the order in which they end.

    Closing the iterator, or an interrupt, ends the workers that still run. Raises BadInput for
    fewer than one worker.
    """
    if settings.workers < 1:
        raise BadInput("--jobs", "a number from 1 on", str(settings.workers))
    schedule = _Schedule(jobs, workers, settings)
    try:
        yield from schedule.outcomes()
    finally:
        schedule.stop()


class _Schedule:
    """What waits, what runs, and which workers are idle. Final."""

    def __init__(self, jobs: Sequence[Job], workers: Workers, settings: ScheduleSettings) -> None:
        self._waiting = list(jobs)
        self._workers = workers
        self._settings = settings
        self._busy: dict[Worker, _Running] = {}
        self._lost: Counter[str] = Counter()
        self._idle_since: float | None = None  # since when nothing runs for want of room

    def outcomes(self) -> Iterator[Outcome]:
        while self._waiting or self._busy:
            self._start_workers()
            if not self._busy:
                yield from self._wait_for_room()
                continue
            self._idle_since = None
            for worker in self._workers.ended(list(self._busy), WAIT_SECONDS):
                yield from self._ended(worker)
            late = [w for w, r in self._busy.items() if r.seconds > r.job.needs.seconds]
            for worker in late:
                yield self._give_up(worker)

    def stop(self) -> None:
        for worker in self._busy:
            worker.stop()

    def _start_workers(self) -> None:
        """New workers for jobs that wait, those of new groups first."""
        while self._waiting and len(self._busy) < self._settings.workers:
            served = {running.job.group for running in self._busy.values()} - {""}
            fresh = [job for job in self._waiting if job.group not in served]
            job = (fresh or self._waiting)[0]
            worker = self._workers.start(job.needs)
            if worker is None:
                return
            self._give(worker, job)

    def _give(self, worker: Worker, job: Job) -> None:
        self._waiting.remove(job)
        self._busy[worker] = _Running(job, time.monotonic())
        worker.submit(job)

    def _ended(self, worker: Worker) -> Iterator[Outcome]:
        running = self._busy.pop(worker)
        job = running.job
        try:
            value, error = worker.result()
        except WorkerLost as how:
            worker.stop()
            yield from self._try_again(running, worker.name, how)
            return
        # The worker has the room that its first job asked for.
        alike = (each for each in self._waiting
                 if each.group == job.group and each.needs == job.needs)  # fmt: skip
        following = next(alike, None)
        if job.group and following is not None:
            self._give(worker, following)
        else:
            worker.stop()
        yield Outcome(job, value, error, running.seconds, worker.name)

    def _try_again(self, running: _Running, worker: str, how: WorkerLost) -> Iterator[Outcome]:
        """Put a job whose worker was lost at the end, unless that happened too often."""
        job = running.job
        self._lost[job.name] += 1
        if self._lost[job.name] <= self._settings.retries:
            self._settings.notice(f"{job.name}: {worker} was lost ({how}); it is tried again")
            self._waiting.append(job)
            return
        times = "once" if self._lost[job.name] == 1 else f"{self._lost[job.name]} times"
        error = RunError(
            job.name,
            "a result",
            f"its process ended with {how}, {times}",
            "run it again; with signal 9 the machine may lack memory: fewer --jobs",
        )
        yield Outcome(job, None, error, running.seconds, worker)

    def _give_up(self, worker: Worker) -> Outcome:
        running = self._busy.pop(worker)
        worker.stop()
        error = RunError(
            running.job.name,
            f"an end within {running.job.needs.seconds:g} seconds",
            "it still ran",
            "give its model more minutes in models/*.yaml",
        )
        return Outcome(running.job, None, error, running.seconds, worker.name)

    def _wait_for_room(self) -> Iterator[Outcome]:
        """Nothing runs: give up the first job if there will not be room for it."""
        most, needs = self._workers.capacity(), self._waiting[0].needs
        possible = needs.gpus <= most.gpus and needs.memory_gb <= (most.memory_gb or math.inf)
        self._idle_since = self._idle_since or time.monotonic()
        if possible and time.monotonic() - self._idle_since < self._settings.seconds_for_room:
            time.sleep(PAUSE_SECONDS)
            return
        self._idle_since = None
        yield self._without_room(self._waiting.pop(0))

    def _without_room(self, job: Job) -> Outcome:
        needs = job.needs
        error = RunError(
            job.name,
            f"room for {needs.memory_gb:g} GB of memory and {needs.gpus} GPU",
            "none, though nothing else runs",
            "give it a larger machine",
        )
        return Outcome(job, None, error)
