"""Runs `atlas reproduce --all` many times in one process, and says whether anything grows.

python -m benchmarks.reliability.soak                            20 runs on a planted library
python -m benchmarks.reliability.soak --library . -- --direct    on this checkout's own

Each run measures everything anew into a results folder of its own, which is removed. What follows
`--` goes to `atlas reproduce`. This process stays, and calls the command as the command line does;
workers and kernels are its children. The first run loads what the others find loaded, so the lines
are fitted from the second on. A machine's speed changes within minutes, so what is fitted of the
time is its ratio to that of a fixed piece of work, done before and after each run. Exit code 1 if
a figure grows or a run fails.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from atlas.cli import atlas
from tests import planted_library

ROOT = Path(__file__).resolve().parents[2]
MEGABYTE = 1 << 20
SAMPLE_SECONDS = 0.1
FLAT_SHARE = 0.05  # of the mean: less growth over all runs than this is none
FIXED_WORK = "import torch, transformer_lens, papermill"
SURE = 2.0  # standard errors from which on a slope is one


@dataclass(frozen=True)
class Run:
    """One run."""

    time: float  # over that of the fixed piece of work around it
    tree_peak: float  # MB resident in this process and its children, shared pages in each
    own_memory: float  # MB resident in this process afterwards
    descriptors: int  # open files of this process afterwards
    temporary: int  # entries of the system's temporary folder afterwards


@dataclass(frozen=True)
class Trend:
    """A line through a figure of all runs but the first."""

    name: str
    mean: float
    growth: float  # over all these runs
    error: float  # standard error of the growth

    @property
    def flat(self) -> bool:
        """Whether the growth is small, or no more than chance gives."""
        return self.growth <= max(FLAT_SHARE * self.mean, SURE * self.error)


def trend(name: str, values: Sequence[float]) -> Trend:
    """The least-squares line through values; needs three."""
    found = np.asarray(values, dtype=float)
    place = np.arange(len(found)) - (len(found) - 1) / 2
    slope = float(place @ found / (place @ place))
    rest = found - found.mean() - slope * place
    error = float(np.sqrt(rest @ rest / (len(found) - 2) / (place @ place)))
    length = len(found) - 1
    return Trend(name, float(found.mean()), slope * length, error * length)


def trends(runs: Sequence[Run]) -> list[Trend]:
    """A trend for each figure."""
    names = [field.name for field in fields(Run)]
    return [trend(name, [getattr(run, name) for run in runs[1:]]) for name in names]


def soak(library: Path, runs: int, options: Sequence[str], place: Path) -> Iterator[Run]:
    """Run the command so many times, its results below `place`.

    Raises RuntimeError with its last words if it fails.
    """
    paces = [pace()]
    for _ in range(runs):
        with tempfile.TemporaryDirectory(dir=place) as results:
            words = ["reproduce", "--all", "--library", str(library), "--results", results]
            words += options
            started = time.monotonic()
            with _peak() as peak:
                _call(words)
            seconds = time.monotonic() - started
        gc.collect()
        descriptors = len(os.listdir("/proc/self/fd"))
        left = len(os.listdir(tempfile.gettempdir()))
        paces.append(pace())
        taken = 2 * seconds / sum(paces[-2:])
        yield Run(taken, max(peak), memory_of(os.getpid()), descriptors, left)


def pace() -> float:
    """Seconds that a new interpreter takes to import what a run imports."""
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", FIXED_WORK], check=True)
    return time.monotonic() - started


def _call(words: Sequence[str]) -> None:
    said = io.StringIO()
    code = 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            atlas.main(list(words), standalone_mode=False)
        except SystemExit as end:
            code = int(end.code or 0)
    if code:
        raise RuntimeError(said.getvalue()[-600:])


@contextlib.contextmanager
def _peak() -> Iterator[list[float]]:
    """Samples of the memory of this process and its children, in MB, while a block runs."""
    samples = [memory_of_tree(os.getpid())]
    over = threading.Event()

    def sample() -> None:
        while not over.wait(SAMPLE_SECONDS):
            samples.append(memory_of_tree(os.getpid()))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()


def memory_of_tree(root: int) -> float:
    """MB resident in a process and all below it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                stat = (entry / "stat").read_text()
                parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    tree, found = {root}, {root}
    while found:
        found = {process for process, parent in parents.items() if parent in found} - tree
        tree |= found
    return sum(memory_of(process) for process in tree)


def memory_of(process: int) -> float:
    """MB resident in a process; 0 once it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / MEGABYTE
    return 0.0


def main() -> int:
    """Soak, and print each run and each trend; 1 if one grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--library", type=Path, default=None, help="default: a planted one")
    parser.add_argument("options", nargs="*", help="of `atlas reproduce`, after --")
    given = parser.parse_args()
    if given.runs < 4:
        parser.error("--runs: at least 4")
    runs = []
    with tempfile.TemporaryDirectory(prefix="atlas-soak-") as place:
        library = given.library
        if library is None:
            library = planted_library.build(Path(place) / "library", ROOT / "notebooks")
        (Path(place) / "temporary").mkdir()
        os.environ["TMPDIR"] = tempfile.tempdir = f"{place}/temporary"  # the children's, too
        print("| run | time | MB, all processes | MB, this one | descriptors | temporary files |")
        print("|---|---|---|---|---|---|")
        found = soak(library, given.runs, given.options, Path(place))
        for number, run in enumerate(found, start=1):
            runs.append(run)
            print(f"| {number} | {run.time:.2f} | {run.tree_peak:.0f} | {run.own_memory:.0f} "
                  f"| {run.descriptors} | {run.temporary} |", flush=True)  # fmt: skip
        tempfile.tempdir = None
    fitted = trends(runs)
    for each in fitted:
        said = "flat" if each.flat else "GROWS"
        print(f"{each.name}: mean {each.mean:.2f}, {each.growth:+.2f} ± {each.error:.2f} from run "
              f"2 to {given.runs}: {said}")  # fmt: skip
    return 0 if all(each.flat for each in fitted) else 1


if __name__ == "__main__":
    sys.exit(main())
