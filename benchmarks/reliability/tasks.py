"""Commands that are killed: how each starts, what it must leave, what must hold in between."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from atlas.files.names import is_passing
from atlas.graphs.graph import AttributionGraph
from atlas.runs.results import read_result, read_result_file
from tests import planted_library
from tests.runs.planted_run import kept_bytes
from tests.site_builder.example_library import write_library

Files = dict[str, bytes]
"""Contents by name."""

ROOT = Path(__file__).resolve().parents[2]
RECORDING = "new.recording"  # of dashboards: it stays, so that the same command goes on


class Task(ABC):
    """A command, and the folder that it works in."""

    name: str

    def __init__(self, given: Path) -> None:
        """`given`: a folder of this task, in which `prepare` makes what each round starts from."""
        self.given = given / self.name
        self.temporary = given / f"{self.name}-temporary"
        self.temporary.mkdir(parents=True)

    @abstractmethod
    def prepare(self) -> None:
        """Make what every round starts from, in `given`."""

    @abstractmethod
    def words(self, folder: Path) -> Sequence[str | Path]:
        """The command, as it works in a copy of `given`."""

    @abstractmethod
    def kept(self, folder: Path) -> Files:
        """What the command leaves, without what differs between identical runs."""

    @abstractmethod
    def problems(self, folder: Path, before: Files, after: Files) -> list[str]:
        """What does not hold between two kills, given what there was before and will be after."""

    def start(self, folder: Path, *more: str) -> subprocess.Popen[str]:
        """The command, with further options, in a session of its own."""
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "HF_HUB_OFFLINE": "1",
            "TMPDIR": str(self.temporary),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "atlas", *map(str, self.words(folder)), *more],
            cwd=folder, env=environment, start_new_session=True, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run_to_its_end(self, folder: Path, *more: str) -> None:
        """Run the command undisturbed. Raises RuntimeError with its last words if it fails."""
        process = self.start(folder, *more)
        said = process.communicate()[0]
        if process.returncode != 0:
            raise RuntimeError(f"exit code {process.returncode}: {said[-400:]}")

    def leftovers(self, folder: Path) -> list[str]:
        """Half-made files, locks, and files of the system's temporary folder."""
        found = [path for path in folder.rglob(".*") if is_passing(path)]
        return [path.name for path in [*found, *self.temporary.iterdir()]]


class Reproduce(Task):
    """`atlas reproduce --all --accept` on a planted library, into nothing. Final."""

    name = "reproduce"
    how: Sequence[str] = ("--jobs", "2")

    def prepare(self) -> None:
        """A library of one circuit and one feature."""
        planted_library.build(self.given / "library", ROOT / "notebooks")

    def words(self, folder: Path) -> Sequence[str | Path]:
        """Into `results`, which is not there."""
        library, results = folder / "library", folder / "results"
        return (
            "reproduce",
            "--all",
            "--accept",
            *self.how,
            "--library",
            library,
            "--results",
            results,
        )

    def kept(self, folder: Path) -> Files:
        """Results and baselines; observations are made anew where they are wanted."""
        found = kept_bytes(folder / "library", folder / "results")
        return {name: content for name, content in found.items() if not name.startswith(".")}

    def problems(self, folder: Path, before: Files, after: Files) -> list[str]:
        """Each result and each baseline reads whole."""
        found = []
        for result in (folder / "results").glob("[!.]*"):
            names = {path.name for path in result.iterdir()}
            expected = {Path(name).name for name in after if name.startswith(f"{result.name}/")}
            if read_result(result) is None or names != expected:
                found.append(f"{result.name} holds {sorted(names)}")
        for path in (folder / "library").rglob("*reproduction.json"):
            read_result_file(path)
        for path in (folder / "library").glob("circuits/*/graph.npz"):
            AttributionGraph.load(path)
        return found


class ReproduceDirectly(Reproduce):
    """The same without notebooks. Final."""

    name = "reproduce --direct"
    how = ("--direct", "--jobs", "2")


class Dashboards(Task):
    """`atlas dashboard --renew`, over dashboards of fewer sequences. Final."""

    name = "dashboard"

    def prepare(self) -> None:
        """A library, and dashboards of 40 sequences."""
        planted_library.build(self.given / "library", ROOT / "notebooks")
        self.run_to_its_end(self.given, "--sequences", "40")

    def words(self, folder: Path) -> Sequence[str | Path]:
        """All layers of the planted transcoders, as the site reads them."""
        return (
            "dashboard", "--model", "tiny", "--dictionary", "transcoders", "--layout", "site",
            "--renew", "--library", folder / "library", "--out", folder / "new",
        )  # fmt: skip

    def kept(self, folder: Path) -> Files:
        """The dashboards."""
        return _bytes_of(folder / "new")

    def problems(self, folder: Path, before: Files, after: Files) -> list[str]:
        """The dashboards are those before or those after."""
        return _one_of(self.kept(folder), before, after)

    def leftovers(self, folder: Path) -> list[str]:
        """Also a recording, where the dashboards are there."""
        found = super().leftovers(folder)
        return [*found, RECORDING] if (folder / RECORDING).exists() else found


class SiteBuild(Task):
    """`atlas site build` over the site of a smaller library. Final."""

    name = "site build"

    def prepare(self) -> None:
        """A library of 14 circuits, and the site of one of 12."""
        smaller = self.given / "smaller"
        write_library(smaller / "library", 12)
        self.run_to_its_end(smaller)
        shutil.move(smaller / "site", self.given / "site")
        shutil.rmtree(smaller)
        write_library(self.given / "library", 14)

    def words(self, folder: Path) -> Sequence[str | Path]:
        """Pages and their search."""
        return "site", "build", "--library", folder / "library"

    def kept(self, folder: Path) -> Files:
        """The site."""
        return _bytes_of(folder / "site")

    def problems(self, folder: Path, before: Files, after: Files) -> list[str]:
        """The site is the one before or the one after."""
        return _one_of(self.kept(folder), before, after)


TASKS: tuple[type[Task], ...] = (Reproduce, ReproduceDirectly, Dashboards, SiteBuild)


def _bytes_of(folder: Path) -> Files:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _one_of(found: Files, before: Files, after: Files) -> list[str]:
    if found in (before, after):
        return []
    nearer = min((before, after), key=lambda each: len(different(found, each)))
    return [f"neither the older nor the newer one: {different(found, nearer)[:5]}"]


def different(one: Files, other: Files) -> list[str]:
    """The names of files that only one has, or whose content differs."""
    names = sorted({*one, *other})
    return [name for name in names if one.get(name) != other.get(name)]
