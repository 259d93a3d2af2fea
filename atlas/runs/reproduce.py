"""Runs entries' notebooks, compares with the accepted baseline, and accepts where asked to.

    plan → skip what the cached results show to be unchanged → run by workers
    → keep the result → compare with the baseline → accept

Workers give back a result's files and this process alone writes them, so none is written twice.
Every step leaves whole files or none, so a run that was killed at any moment goes on where it was:
what is finished is skipped, the rest is run. Accepting copies a result's files to the entry.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from atlas.entries.circuit import Circuit
from atlas.entries.library import Library
from atlas.errors import AtlasError, BadInput, CannotWrite, RunError
from atlas.files.only_run import Turn, inside, only_run
from atlas.files.whole import remove_unfinished, write_whole
from atlas.runs.executors.job import Job, Needs, Outcome
from atlas.runs.executors.local import LocalWorkers
from atlas.runs.executors.ray_cluster import RayWorkers
from atlas.runs.executors.schedule import ScheduleSettings, run_jobs
from atlas.runs.executors.workers import Workers
from atlas.runs.fresh_prompts import fresh_rows, read_fresh
from atlas.runs.jobs import RUN_DIRECTLY, RUN_NOTEBOOK, RUN_OBSERVE, EntryJob, ObserveJob
from atlas.runs.judge import EntryOutcome, failed, judge, skipped
from atlas.runs.keys import Entry
from atlas.runs.orphans import end_orphans
from atlas.runs.plan import Choice, Place, Planned, features_by_dictionary, plan
from atlas.runs.results import (
    GRAPH_FILE,
    RESULT_FILE,
    Result,
    read_result,
    read_result_file,
    write_files,
)

Progress = Callable[[str], None]
"""Called with one line whenever something was done."""

OBSERVATIONS = ".observations"
NOTEBOOKS = "notebooks"  # each has a kernel of its own; the process that starts them is kept
LOCAL, RAY = EXECUTORS = ("local", "ray")
MINUTES_MARGIN = 10  # a run may take this many times what its model's entry says


@dataclass(frozen=True)
class ReproduceSettings:
    """How entries are run."""

    results: Path  # where results are kept, one folder per entry
    jobs: int = 1  # entries side by side
    accept: bool = False  # make each result the entry's baseline
    direct: bool = False  # measure without a kernel; there is no filled notebook then
    executor: str = LOCAL
    fresh_prompts: Path | None = None  # a folder of `<circuit>.jsonl`, measured besides; see there
    ray_address: str = ""  # of the cluster; "": RAY_ADDRESS, else a cluster of this machine alone
    turn: Turn = Turn()  # where another run uses the results' folder


def reproduce(
    library: Library, choice: Choice, settings: ReproduceSettings, progress: Progress
) -> list[EntryOutcome]:
    """The outcome of each entry that was asked for, in the library's order.

    An entry that fails does not stop the others.

    Raises:
        BrokenReference, EntryError, BadInput: as `plan`.
        BadInput: fresh prompts where notebooks run, or no such folder.
        FolderInUse: another run uses the same results folder, and this one is not to wait.
        CannotWrite: no room or no right where results or baselines lie; nothing else is run then.
    """
    if settings.fresh_prompts is not None and not settings.direct:
        raise BadInput("--fresh-prompts", "--direct beside it", "notebooks, which do not read them")
    with contextlib.ExitStack() as stack:
        stack.enter_context(only_run(inside(settings.results), turn=settings.turn))
        end_orphans(settings.results)
        for folder in (settings.results, settings.results / OBSERVATIONS):
            remove_unfinished(folder)
        stack.callback((workers := _workers(settings)).close)
        place = Place(settings.results, workers.capacity(), settings.direct)
        planned = plan(library, choice, place)
        waiting = [each for each in planned if not each.fresh and not each.skipped]
        progress(f"{len(planned)} entries, {len(planned) - len(waiting)} unchanged or skipped")
        outcomes = {each.entry.id: _without_run(library, each, settings) for each in planned
                    if each not in waiting}  # fmt: skip
        run = _Run(library, settings, workers, progress)
        for number, outcome in enumerate(run.outcomes(waiting), start=1):
            outcomes[outcome.entry.id] = outcome
            took = f"{outcome.seconds or 0:.0f} s"
            said = str(outcome.error) if outcome.error else outcome.verdict.replace("_", " ")
            progress(f"[{number}/{len(waiting)}] {outcome.entry.id}: {said} ({took})")
    return [outcomes[each.entry.id] for each in planned]


def accept(library: Library, entry: Entry, folder: Path) -> bool:
    """Make a result the entry's accepted baseline; False where it already was.

    Nothing is written where only the time and place of the run differ. The graph goes first: the
    result names its digest, so a baseline whose graph is older is noticed and accepted again.
    """
    result = read_result(folder)
    if result is None:
        raise RunError(str(folder), "a result to accept", "none", "run the entry first")
    with only_run(library.accepting):
        return _replace_baseline(library, entry, folder, result)


def _replace_baseline(library: Library, entry: Entry, folder: Path, result: Result) -> bool:
    accepted, changed = _accepted(library, entry), False
    graph = folder / GRAPH_FILE
    if isinstance(entry, Circuit) and graph.is_file():
        content, target = graph.read_bytes(), library.graph_path(entry)
        if not target.is_file() or target.read_bytes() != content:
            write_whole(target, content)
            changed = True
    timeless = replace(result, provenance=result.provenance.key).to_json()
    if accepted is None or timeless != accepted:
        write_whole(library.baseline(entry), (folder / RESULT_FILE).read_bytes())
        changed = True
    return changed


def _accepted(library: Library, entry: Entry) -> object:
    """The accepted result without time and place; None where there is none that can be read."""
    try:
        found = read_result_file(library.baseline(entry))
    except AtlasError:
        return None
    return replace(found, provenance=found.provenance.key).to_json() if found else None


def _without_run(library: Library, planned: Planned, settings: ReproduceSettings) -> EntryOutcome:
    if planned.skipped:
        return skipped(planned.entry, planned.skipped)
    return _finished(library, planned, settings, None)


def _finished(
    library: Library, planned: Planned, settings: ReproduceSettings, seconds: float | None
) -> EntryOutcome:
    """Judge a result that lies in its folder, then accept it if that was asked for."""
    result = read_result(planned.folder)
    if result is None:
        error = RunError(str(planned.folder), "a result", "none", "run the entry again")
        return failed(planned.entry, error, seconds or 0.0)
    outcome = judge(library, planned.entry, result, seconds)
    if settings.fresh_prompts is not None and seconds is not None:
        outcome = replace(outcome, fresh=read_fresh(planned.folder))
    if settings.accept:
        accept(library, planned.entry, planned.folder)
    return outcome


def _workers(settings: ReproduceSettings) -> Workers:
    if settings.executor == RAY:
        return RayWorkers(settings.ray_address)
    if settings.executor == LOCAL:
        return LocalWorkers(settings.jobs)
    raise BadInput("--executor", " or ".join(EXECUTORS), settings.executor)


@dataclass(frozen=True)
class _Run:
    """Entries that need to run, and who runs them."""

    library: Library
    settings: ReproduceSettings
    workers: Workers
    progress: Progress

    def outcomes(self, waiting: Sequence[Planned]) -> Iterator[EntryOutcome]:
        """Each entry's outcome; features after all of one dictionary were observed together."""
        by_id = {each.entry.id: each for each in waiting}
        circuits = [each for each in waiting if isinstance(each.entry, Circuit)]
        features = [each for each in waiting if not isinstance(each.entry, Circuit)]
        first = self._observe_jobs(features) + [self._entry_job(each) for each in circuits]
        second = [self._entry_job(each) for each in features]
        schedule = ScheduleSettings(workers=self.settings.jobs, notice=self.progress)
        for jobs in (first, second):
            for ended in run_jobs(jobs, self.workers, schedule):
                if ended.job.name in by_id:
                    yield self._outcome(by_id[ended.job.name], ended)
                elif ended.error:
                    # Each feature's own run will meet the same error and report it.
                    self.progress(f"{ended.job.name}: {ended.error}")

    def _outcome(self, planned: Planned, ended: Outcome) -> EntryOutcome:
        """Keep the result and judge it."""
        if isinstance(ended.error, CannotWrite):
            raise ended.error  # which every other entry would meet, too
        if ended.error is not None:
            return failed(planned.entry, ended.error, ended.seconds)
        write_files(planned.folder, ended.value)
        return _finished(self.library, planned, self.settings, ended.seconds)

    def _observe_jobs(self, features: Sequence[Planned]) -> list[Job]:
        """One job for the features of each dictionary; one alone is observed by its own run."""
        groups = [each for each in features_by_dictionary(features).values() if len(each) > 1]
        return [
            Job(
                f"observe {len(group)} features",
                RUN_OBSERVE,
                ObserveJob(self.library.root, tuple(each.id for each in group), self._observations),
                needs=self._needs(group[0]),
            )
            for group in groups
        ]

    def _entry_job(self, planned: Planned) -> Job:
        entry, direct, fresh = planned.entry, self.settings.direct, self.settings.fresh_prompts
        asked = EntryJob(
            entry=entry.id,
            notebook=self.library.notebook_path(entry.notebook.name),
            parameters=dict(entry.notebook.parameters),
            library=self.library.root,
            results=self.settings.results.resolve(),
            observations=self._observations,
            fresh_rows=fresh_rows(fresh, entry) if fresh is not None else b"",
        )
        return Job(
            entry.id,
            RUN_DIRECTLY if direct else RUN_NOTEBOOK,
            asked,
            group=f"{entry.model}/{entry.dictionary}" if direct else NOTEBOOKS,
            needs=self._needs(entry),
        )

    @property
    def _observations(self) -> Path:
        return (self.settings.results / OBSERVATIONS).resolve()

    def _needs(self, entry: Entry) -> Needs:
        resources = self.library.models.find(entry.model).resources
        seconds = resources.minutes * MINUTES_MARGIN * 60
        return Needs(resources.memory_gb, resources.gpus, seconds)
