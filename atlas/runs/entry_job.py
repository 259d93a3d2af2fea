"""What one process does for one entry: run its notebook, and publish the result in one step."""

from __future__ import annotations

import os
import shutil
import time

from atlas.errors import RunError
from atlas.runs.jobs import EntryJob
from atlas.runs.notebooks import NotebookSettings, notebook_text, run_notebook
from atlas.runs.results import (
    NOTEBOOK_FILE,
    UNFINISHED,
    publish,
    read_result,
    write_durably,
)


def run_entry(job: EntryJob) -> float:
    """Run the entry's notebook and publish result, graph and filled notebook; the seconds it took.

    The folder appears when all of it is there.

    Raises:
        BadInput, NotebookFailed: as `run_notebook`.
        RunError: the notebook ran and left no result.
    """
    begin = time.monotonic()
    unfinished = job.folder.with_name(f"{UNFINISHED}{job.folder.name}-{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        folder = unfinished / job.folder.name
        settings = NotebookSettings(environment=job.environment, folder=job.library)
        parameters = {**job.parameters, "entry_id": job.entry, "results_folder": str(folder)}
        executed = run_notebook(job.notebook, parameters, settings)
        if read_result(folder) is None:
            raise RunError(
                f"notebook {job.notebook.stem}",
                "a result in results_folder",
                "none",
                "end the notebook with a cell that saves its result",
            )
        write_durably(folder / NOTEBOOK_FILE, notebook_text(executed).encode())
        publish(folder, job.folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return time.monotonic() - begin
