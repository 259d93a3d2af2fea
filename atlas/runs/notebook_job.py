"""Runs one entry's notebook, and gives back the files of its result.

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
from atlas.files.names import UNFINISHED
from atlas.files.refusal import writing
from atlas.runs.jobs import CACHE_VARIABLE, EntryJob
from atlas.runs.notebooks import NotebookSettings, notebook_text, run_notebook
from atlas.runs.results import NOTEBOOK_FILE, read_result


def run_entry_notebook(job: EntryJob) -> Mapping[str, bytes]:
    """Run the entry's notebook: result, graph and filled notebook.

    Raises:
        BadInput, NotebookFailed, CannotWrite: as `run_notebook`.
        RunError: the notebook ran and left no result.
    """
    with writing(job.results), scratch_folder(job) as scratch:
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
        return {**files_of(folder), NOTEBOOK_FILE: notebook_text(executed).encode()}


@contextmanager
def scratch_folder(job: EntryJob) -> Iterator[Path]:
    """A folder to make a result in, removed at the end."""
    here = job.results if os.access(job.results, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix=".", suffix=UNFINISHED, dir=here) as folder:
        yield Path(folder)


def files_of(folder: Path) -> dict[str, bytes]:
    """The content of the files in a folder, by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
