"""What the processes of a run are asked to do, as data that any executor can send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUN_ENTRY = "atlas.runs.entry_job:run_entry"
RUN_OBSERVE = "atlas.runs.observe_job:run_observe"
"""The functions that do it, by name: whoever sends a job need not load what the job needs."""

CACHE_VARIABLE = "ATLAS_OBSERVATIONS"
"""The folder that observations of features are kept in; where it is not set, nothing is kept."""


@dataclass(frozen=True)
class EntryJob:
    """One entry to run."""

    entry: str
    notebook: Path  # source
    parameters: Mapping[str, Any]  # the entry's own
    folder: Path  # of the result
    library: Path
    environment: Mapping[str, str]  # of the kernel


@dataclass(frozen=True)
class ObserveJob:
    """Features of one dictionary to observe together."""

    library: Path
    features: tuple[str, ...]
    cache: Path
