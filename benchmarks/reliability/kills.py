"""Kills commands at random moments, resumes them, and compares what they leave.

python -m benchmarks.reliability.kills                  200 kills, a quarter of each command
python -m benchmarks.reliability.kills --kills 40 --only "site build"

Rounds are kept in `build/kills` until the run is through: one that was ended goes on after its last
whole round, and the next one begins anew.

A round: a fresh copy, one to four kills one after another at moments drawn evenly from how long the
command takes, and a run to its end. After each kill every kept file must read whole, and a site or
dashboards that were there must be, byte for byte, the older or the newer ones. At the end
everything must be what an undisturbed run leaves, but for `provenance.run`, and nothing half-made,
no lock and no temporary file may be left. Exit code 1 if any of that does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from atlas.errors import AtlasError
from atlas.files.whole import write_whole
from benchmarks.reliability.tasks import TASKS, Files, Task, different

SEED = 20261121
MOST_KILLS = 4  # in a row
# Mostly without warning and to all processes, as a machine ends; or to the first process alone,
# as a person or the kernel picks one; or as a terminal and a scheduler ask for an end.
WAYS = {"KILL all": 5, "KILL one": 3, "TERM one": 1, "INT all": 1}
PATIENCE = 60.0  # seconds that a command has to end after it was asked to


@dataclass
class Tally:
    """What came of the kills of one command."""

    command: str
    undisturbed_seconds: float = 0.0
    kills: Counter[str] = field(default_factory=Counter)
    too_late: int = 0  # the command had ended
    rounds: int = 0
    most_leftovers: int = 0  # after a kill, before the next run
    problems: list[str] = field(default_factory=list)


def kill_many(task: Task, kills: int, seed: int, place: Path, record: Path | None = None) -> Tally:
    """Kill a command so many times; `place` is an empty folder, `record` keeps whole rounds."""
    tally = _recorded(task.name, record)
    task.prepare()
    before = task.kept(task.given)
    whole = shutil.copytree(task.given, place / "undisturbed")
    started = time.monotonic()
    task.run_to_its_end(whole)
    tally.undisturbed_seconds = time.monotonic() - started
    after = task.kept(whole)
    check_end(task, whole, after, tally)
    while sum(tally.kills.values()) < kills:
        moments = random.Random(f"{seed} {task.name} {tally.rounds}")
        folder = shutil.copytree(task.given, place / "round")
        in_a_row = min(moments.randint(1, MOST_KILLS), kills - sum(tally.kills.values()))
        for _ in range(in_a_row):
            way = moments.choices(list(WAYS), list(WAYS.values()))[0]
            if kill_once(task, folder, moments.uniform(0, tally.undisturbed_seconds), way):
                tally.kills[way] += 1
            else:
                tally.too_late += 1
            tally.most_leftovers = max(tally.most_leftovers, len(task.leftovers(folder)))
            tally.problems += between(task, folder, (before, after), way)
        try:
            task.run_to_its_end(folder)
        except RuntimeError as error:
            tally.problems.append(f"did not go on: {error}")
        check_end(task, folder, after, tally)
        tally.rounds += 1
        if record is not None:
            write_whole(record, json.dumps(vars(tally)).encode())
        print(f"round {tally.rounds}: {row(tally)}", file=sys.stderr, flush=True)
        shutil.rmtree(folder)
    return tally


def _recorded(command: str, record: Path | None) -> Tally:
    """What earlier runs of this command's kills came to."""
    if record is None or not record.is_file():
        return Tally(command)
    kept = json.loads(record.read_text("utf-8"))
    return Tally(**kept | {"kills": Counter(kept["kills"])})


def kill_once(task: Task, folder: Path, seconds: float, way: str) -> bool:
    """Start the command and end it after some time; whether it still ran."""
    process = task.start(folder)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        number = signal.Signals[f"SIG{way.split()[0]}"]
        if way.endswith("all"):
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        process.wait(PATIENCE)
        return True
    finally:
        if process.stdout is not None:
            process.stdout.close()
    return False


def between(task: Task, folder: Path, kept: tuple[Files, Files], way: str) -> list[str]:
    """What does not hold after a kill."""
    try:
        found = task.problems(folder, *kept)
    except (AtlasError, OSError, ValueError) as error:
        found = [f"{type(error).__name__}: {error}"]
    return [f"after {way}: {each}" for each in found]


def check_end(task: Task, folder: Path, expected: Files, tally: Tally) -> None:
    """Note what an end leaves that it should not, or does not leave that it should."""
    if names := different(task.kept(folder), expected):
        tally.problems.append(f"at the end, others than undisturbed: {names[:5]}")
    if left := task.leftovers(folder):
        tally.problems.append(f"at the end, left: {sorted(left)[:5]}")


def row(tally: Tally) -> str:
    """A row of the table in reliability.md."""
    ways = ", ".join(f"{many} {way}" for way, many in sorted(tally.kills.items()))
    cells = (
        tally.command, f"{tally.undisturbed_seconds:.1f} s", sum(tally.kills.values()), ways,
        tally.rounds, tally.most_leftovers, len(tally.problems),
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Kill each command, print a row for each, and the problems."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="in all")
    parser.add_argument("--only", default="", help="one command by its name")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--record", type=Path, default=Path("build/kills"), help="a folder")
    given = parser.parse_args()
    chosen = [each for each in TASKS if given.only in ("", each.name)]
    given.record.mkdir(parents=True, exist_ok=True)
    problems, records = [], []
    for number, kind in enumerate(chosen):
        kills = given.kills // len(chosen) + (number < given.kills % len(chosen))
        with tempfile.TemporaryDirectory(prefix="atlas-kills-") as place:
            task = kind(Path(place) / "given")
            record = given.record / f"{task.name} {given.seed}.json"
            records.append(record)
            tally = kill_many(task, kills, given.seed, Path(place), record)
        print(row(tally), flush=True)
        for problem in tally.problems:
            print(f"- {tally.command}: {problem}", flush=True)
        problems += tally.problems
    for record in records:
        record.unlink(missing_ok=True)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
