"""Tries many inputs on every reader of the engine, several readers side by side.

python -m tests.fuzz.long_run [--inputs 100000] [--jobs 2] [--folder build/fuzz]

Prints a row for each reader. One that was ended goes on with the readers that have no figures yet.
Exit code 1 if an input was neither read nor refused in one line: it lies in the folder as
`failed-…`, and the reader's words in `<reader>.log`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.fuzz.readers import readers


def main() -> None:
    """Run those that have no figures yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="for each reader")
    parser.add_argument("--jobs", type=int, default=2, help="readers side by side")
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="atlas-fuzz-") as place:
        names = list(readers(Path(place)))
    with ThreadPoolExecutor(given.jobs) as threads:
        trials = [threads.submit(_row, name, given.inputs, given.folder) for name in names]
        rows = []
        for trial in as_completed(trials):
            rows.append(trial.result())
            print(rows[-1], flush=True)
    sys.exit(1 if any("FAILED" in row for row in rows) else 0)


def _row(name: str, inputs: int, folder: Path) -> str:
    """Try one reader; its figures as a row of the table in reliability.md."""
    figures, log = folder / f"{name}.json", folder / f"{name}.log"
    if not figures.is_file():
        command = [sys.executable, "-m", "tests.fuzz.guided", name, str(inputs), str(folder)]
        with log.open("wb") as said:
            code = subprocess.run(command, stdout=said, stderr=subprocess.STDOUT).returncode
        if code != 0 or not figures.is_file():
            return f"| {name} | FAILED with exit code {code}, see {log} |"
    found = json.loads(figures.read_text("utf-8"))
    cells = (
        name, f"{found['read']:,}", f"{found['refused']:,}", found["kept"],
        f"{found['slowest_s']:.2f} s", f"{found['grown_mib']:.0f} MiB", f"{found['seconds']:.0f} s",
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
