"""The speed and memory of attribution beside circuit-tracer's, run by run in turn.

[LIMIT=SECONDS] python -m benchmarks.alternate [CELL …]

Each run is a process of its own. A cell is: ours, the peer at its default batch, then batch after
batch from 1 to 64, ours again after each. Figures are appended to a file of JSON lines, so that a
run that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.agreement import compare
from benchmarks.cells import CELLS, Cell, job_of
from benchmarks.jobs import BUILD, OURS, PEER, Job, measure

RESULTS = BUILD / "attribution.jsonl"
DEFAULT_BATCH = 512
BATCHES = (1, 2, 4, 8, 16, 32, 64)
WORSE = 2  # the search ends after as many batches in a row that are slower than the best
LIMIT = float(os.environ.get("LIMIT", "1800"))  # seconds for one run before it is given up


@dataclass(frozen=True)
class Run:
    """One measured process."""

    cell: str
    side: str
    batch: int  # of the peer; 0 is ours
    turn: int  # the how-manieth of its kind


def main(names: list[str]) -> None:
    """Measure all cells, or those that are named by model, tokens and rows."""
    for cell in CELLS:
        if not names or cell.name.replace(" ", "") in names:
            measure_cell(cell)


def measure_cell(cell: Cell) -> None:
    """All runs of a cell that are not on record yet."""
    job = job_of(cell)
    done = {run: figures for run, figures in records() if run.cell == cell.name}
    _once(done, Run(cell.name, OURS, 0, 0), job)
    if not cell.peer_runs:
        return
    _once(done, Run(cell.name, PEER, DEFAULT_BATCH, 0), job)
    best, worse = float("inf"), 0
    for turn, batch in enumerate(BATCHES):
        _once(done, Run(cell.name, OURS, 0, turn + 1), job)
        figures = _once(done, Run(cell.name, PEER, batch, 0), job)
        seconds = figures.get("wall", float("inf"))
        worse = 0 if seconds < best else worse + 1
        best = min(best, seconds)
        if worse == WORSE:
            break
    _agreement(done, cell, job)


def records() -> Iterator[tuple[Run, dict[str, Any]]]:
    """What was measured so far."""
    if RESULTS.is_file():
        for line in RESULTS.read_text().splitlines():
            record = json.loads(line)
            yield Run(**record["run"]), record["figures"]


def _once(done: dict[Run, dict[str, Any]], run: Run, job: Job) -> dict[str, Any]:
    if run not in done:
        batch = run.batch or DEFAULT_BATCH
        wanted = replace(job, batch=batch, graph=str(_graph(run)) if _compared(run) else "")
        try:
            figures: dict[str, Any] = measure(run.side, wanted, limit=LIMIT)
        except subprocess.TimeoutExpired:
            figures = {"over": LIMIT}
        _record(done, run, figures)
    return done[run]


def _record(done: dict[Run, dict[str, Any]], run: Run, figures: dict[str, Any]) -> None:
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("a") as stream:
        stream.write(json.dumps({"run": asdict(run), "figures": figures}) + "\n")
    done[run] = figures
    print(run.cell, run.side, run.batch or "", figures, file=sys.stderr)


def _compared(run: Run) -> bool:
    return (run.side, run.batch, run.turn) in ((OURS, 0, 0), (PEER, BATCHES[1], 0))


def _graph(run: Run) -> Path:
    return BUILD / f"{run.cell.replace(' / ', '-')}-{run.side}.npz"


def _agreement(done: dict[Run, dict[str, Any]], cell: Cell, job: Job) -> None:
    run = Run(cell.name, "agreement", 0, 0)
    sides = [_graph(replace(run, side=side)) for side in (PEER, OURS)]
    if run not in done and all(path.is_file() for path in sides):
        _record(done, run, asdict(compare(*sides)))
        for path in sides:
            path.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
