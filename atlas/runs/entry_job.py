"""What one process does for one entry: measure it, and give back the files of its result.

The folder that they are made in is removed whatever happens; a process that is killed leaves it
among the results under a name that the next run removes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from atlas.errors import RunError
from atlas.runs.jobs import CACHE_VARIABLE, EntryJob
from atlas.runs.measure_entry import measure_entry
from atlas.runs.notebooks import NotebookSettings, notebook_text, run_notebook
from atlas.runs.results import NOTEBOOK_FILE, UNFINISHED, read_result


def run_entry_notebook(job: EntryJob) -> Mapping[str, bytes]:
    """Run the entry's notebook: result, graph and filled notebook.

    Raises:
        BadInput, NotebookFailed: as `run_notebook`.
        RunError: the notebook ran and left no result.
    """
    with _scratch(job) as scratch:
        folder = scratch / "result"
        settings = NotebookSettings(
            environment={CACHE_VARIABLE: str(job.observations)},
            folder=job.library,
            scratch=scratch,
        )
        parameters = {**job.parameters, "entry_id": job.entry, "results_folder": str(folder)}
        executed = run_notebook(job.notebook, parameters, settings)
        if read_result(folder) is None:
            raise RunError(
                f"notebook {job.notebook.stem}",
                "a result in results_folder",
                "none",
                "end the notebook with a cell that saves its result",
            )
        return {**_files(folder), NOTEBOOK_FILE: notebook_text(executed).encode()}


def run_entry_directly(job: EntryJob) -> Mapping[str, bytes]:
    """Measure the entry in this process, without a kernel: result and graph.

    Raises:
        AtlasError: as `measure_entry`.
    """
    os.environ[CACHE_VARIABLE] = str(job.observations)
    with _scratch(job) as scratch:
        folder = scratch / "result"
        measure_entry(job.entry, folder, job.library)
        return _files(folder)


@contextmanager
def _scratch(job: EntryJob) -> Iterator[Path]:
    here = job.results if os.access(job.results, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=here) as folder:
        yield Path(folder)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
