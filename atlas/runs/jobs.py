"""What the processes of a run are asked to do, as data that any executor can send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUN_NOTEBOOK = "atlas.runs.notebook_job:run_entry_notebook"
RUN_DIRECTLY = "atlas.runs.direct_job:run_entry_directly"
RUN_OBSERVE = "atlas.runs.observe_job:run_observe"
"""The functions that do it, by name: whoever sends a job need not load what the job needs."""

CACHE_VARIABLE = "ATLAS_OBSERVATIONS"
"""The folder that observations of features are kept in; where it is not set, nothing is kept."""


@dataclass(frozen=True)
class EntryJob:
    """One entry to run. What it gives are the files of its result, by name.

    `results` is where the run keeps its results; a node of a cluster that does not have that folder
    works in one of its own.
    """

    entry: str
    notebook: Path  # source
    parameters: Mapping[str, Any]  # the entry's own
    library: Path
    results: Path
    observations: Path  # cache of what features of one dictionary were observed to do
    fresh_rows: bytes = b""  # lines of prompts to measure a circuit's claims on besides


@dataclass(frozen=True)
class ObserveJob:
    """Features of one dictionary to observe together."""

    library: Path
    features: tuple[str, ...]
    cache: Path
