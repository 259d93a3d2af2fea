"""Measures one entry without a kernel, and gives back the files of its result."""

from __future__ import annotations

import os
from collections.abc import Mapping

from atlas.files.refusal import writing
from atlas.runs.fresh_prompts import FRESH_FILE
from atlas.runs.jobs import CACHE_VARIABLE, EntryJob
from atlas.runs.measure_entry import measure_entry
from atlas.runs.measure_fresh import measure_fresh
from atlas.runs.notebook_job import files_of, scratch_folder


def run_entry_directly(job: EntryJob) -> Mapping[str, bytes]:
    """Measure the entry in this process: result, graph, and what fresh prompts show.

    Raises:
        AtlasError: as `measure_entry`.
    """
    os.environ[CACHE_VARIABLE] = str(job.observations)
    with writing(job.results), scratch_folder(job) as scratch:
        folder = scratch / "result"
        measure_entry(job.entry, folder, job.library)
        files = files_of(folder)
        if job.fresh_rows:
            fresh = measure_fresh(job.entry, job.fresh_rows, scratch, job.library)
            files[FRESH_FILE] = fresh
        return files
