"""How many seconds of a run of notebooks are work, on one worker, on two, and on a cluster.

    python -m benchmarks.executors            # 40 notebooks each
    python -m benchmarks.executors 8          # another number

The notebooks are those of the tests' planted circuit, each with a kernel of its own; a worker has
one thread everywhere. Work is what the notebook's own clock counts, from after the imports to the
result. All else is overhead: a worker's process, the kernel, imports, sending and waiting. The
cluster is of two nodes with a processor each, beside a head that runs nothing, on this machine.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from atlas.runs.executors.job import Job
from atlas.runs.executors.local import LocalWorkers
from atlas.runs.executors.ray_cluster import BEYOND_LOOPBACK_VARIABLE, RayWorkers
from atlas.runs.executors.schedule import ScheduleSettings, run_jobs
from atlas.runs.executors.workers import Workers
from atlas.runs.jobs import RUN_NOTEBOOK, EntryJob
from atlas.runs.results import RESULT_FILE
from tests import planted_library

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = 40
HOME = "127.0.0.1"
HEADER = (
    "| where | workers | seconds | work, seconds | efficiency | overhead per notebook |\n"
    "|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Figures:
    """One run of all notebooks."""

    where: str
    workers: int
    notebooks: int
    seconds: float  # wall time
    work: float  # seconds by the notebooks' own clocks, added up

    @property
    def overhead(self) -> float:
        """Seconds per notebook in which a worker did no work."""
        return (self.seconds * self.workers - self.work) / self.notebooks

    def row(self, one_worker: float) -> str:
        """As a row of Markdown; efficiency is against as many times one worker's speed."""
        efficiency = one_worker / (self.seconds * self.workers)
        return (
            f"| {self.where} | {self.workers} | {self.seconds:.1f} | {self.work:.1f} | "
            f"{efficiency:.0%} | {self.overhead:.2f} s |"
        )


def jobs_in(folder: Path, notebooks: int) -> list[Job]:
    """So many runs of the planted circuit's notebook."""
    library, results = folder / "library", folder / "results"
    planted_library.build(library, ROOT / "notebooks")
    results.mkdir()
    asked = EntryJob(
        entry="planted",
        notebook=library / "notebooks" / "circuit.ipynb",
        parameters={},
        library=library,
        results=results,
        observations=results / ".observations",
    )
    return [Job(f"notebook {n}", RUN_NOTEBOOK, asked, group="notebooks") for n in range(notebooks)]


def measure(where: str, workers: Workers, jobs: list[Job], side_by_side: int) -> Figures:
    """Run them all once. Raises the error of the first that fails."""
    started, work = time.monotonic(), 0.0
    for outcome in run_jobs(jobs, workers, ScheduleSettings(workers=side_by_side, retries=0)):
        if outcome.error is not None:
            raise outcome.error
        result = json.loads(outcome.value[RESULT_FILE])
        work += result["provenance"]["run"]["seconds"]
    return Figures(where, side_by_side, len(jobs), time.monotonic() - started, work)


@contextmanager
def two_nodes() -> Iterator[str]:
    """The address of a cluster of this machine: a head without a processor, and two nodes."""
    os.environ[BEYOND_LOOPBACK_VARIABLE] = "0"  # Ray reads it once, when it is loaded
    from ray.cluster_utils import Cluster  # noqa: PLC0415

    head = {"num_cpus": 0, "include_dashboard": False, "node_ip_address": HOME}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1, node_ip_address=HOME)
        yield cluster.address
    finally:
        cluster.shutdown()


def main(notebooks: int) -> None:
    """Measure the three and print them."""
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    found = []
    with tempfile.TemporaryDirectory() as folder:
        jobs = jobs_in(Path(folder), notebooks)
        for side_by_side in (1, 2):
            # Room for two gives each process one thread, also where one runs alone.
            found.append(measure("processes here", LocalWorkers(2), jobs, side_by_side))
        with two_nodes() as address:
            workers = RayWorkers(address)
            found.append(measure("cluster of two nodes", workers, jobs, 2))
            workers.close()
    print(f"{notebooks} notebooks; load at the end {os.getloadavg()[0]:.1f}\n\n{HEADER}")
    for figures in found:
        print(figures.row(found[0].seconds))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else NOTEBOOKS)
