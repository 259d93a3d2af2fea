"""Runs `atlas reproduce` on a planted library from the outside, as a person would."""

import json
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
VARYING = {"started", "seconds", "host"}


def of_several_processes() -> bool:
    """Whether this process is one of several that share a test run (pytest-xdist)."""
    return "PYTEST_XDIST_WORKER" in os.environ


def start(library: Path, results: Path, *options: str) -> subprocess.Popen:
    """`atlas reproduce --all` in a process group of its own."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "atlas", "reproduce", "--all", "--library", str(library)]
    return subprocess.Popen(
        [*command, "--results", str(results), *options],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def reproduce(library: Path, results: Path, *options: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    process = start(library, results, *options)
    out, err = process.communicate(timeout=280)
    return process.returncode, out, err


def kept_bytes(library: Path, results: Path) -> dict[str, bytes]:
    """All files that a run leaves, without what differs between identical runs."""
    found = {}
    patterns = ("circuits/*/graph.npz", "circuits/*/reproduction.json")
    paths = [path for pattern in patterns for path in library.glob(pattern)]
    paths += library.glob("features/**/*.reproduction.json")
    paths += [path for path in results.rglob("*") if path.is_file()]
    for path in paths:
        root = library if path.is_relative_to(library) else results
        content = path.read_bytes()
        if path.name.endswith(".json") and b'"provenance"' in content:
            value = json.loads(content)
            assert set(value["provenance"].pop("run")) == VARYING
            content = json.dumps(value).encode()
        found[path.relative_to(root).as_posix()] = content
    return found
