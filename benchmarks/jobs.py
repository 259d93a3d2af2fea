"""Runs a measured job in a fresh process of either side's environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "benchmarks"
PEER_PYTHON = Path(
    os.environ.get("PEER_PYTHON", ROOT / "build" / "peer-environment" / "bin" / "python")
)
PEER, OURS = "peer", "ours"
THREADS = 1


@dataclass(frozen=True)
class Job:
    """One attribution to be measured."""

    model: str  # a Hugging Face folder
    transcoders: str  # a folder in circuit-tracer's format
    ids: list[int]
    max_feature_nodes: int | None
    batch: int = 512  # rows of the peer's backward passes; 512 is its default
    rows_per_step: int = 1024  # rows between two rankings
    threads: int = THREADS
    graph: str = ""  # an .npz to write


def measure(
    side: str, job: Any, task: str = "attribute", limit: float | None = None
) -> dict[str, float]:
    """The figures of a job, a dataclass, run where the side's libraries are.

    Raises subprocess.TimeoutExpired after `limit` seconds.
    """
    python = PEER_PYTHON if side == PEER else Path(sys.executable)
    environment = os.environ | {
        "OMP_NUM_THREADS": str(THREADS),
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONPATH": str(ROOT),
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "job.json"
        file.write_text(json.dumps(asdict(job)))
        finished = subprocess.run(
            [str(python), "-m", f"benchmarks.{side}.{task}", str(file)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=limit,
        )
    if finished.returncode != 0:
        raise RuntimeError(f"{side} {task}: {finished.stderr[-2000:]}")
    figures: dict[str, float] = json.loads(finished.stdout.splitlines()[-1])
    return figures
