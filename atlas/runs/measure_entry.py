"""Measures an entry and writes its result: what its notebook does, without a kernel."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from atlas.entries.circuit import Circuit
from atlas.entries.library import Library
from atlas.runs.keys import find_entry
from atlas.runs.measure_circuit import open_circuit
from atlas.runs.measure_feature import open_feature
from atlas.runs.results import Result, write_result


class Stopwatch:
    """When a run started and how long it takes. Final."""

    def __init__(self) -> None:
        self._started = datetime.now(UTC)
        self._begin = time.monotonic()

    def stamp(self, result: Result) -> Result:
        """The result with what differs between identical runs: start, seconds, machine."""
        run = {
            "started": self._started.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - self._begin, 1),
            "host": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        }
        return replace(result, provenance=replace(result.provenance, run=run))


def save(
    folder: str | Path, watch: Stopwatch, result: Result, files: Mapping[str, bytes] | None = None
) -> str:
    """Write a result whole or not at all, and say what was done; an empty folder writes nothing."""
    if not str(folder):
        return "No results folder was given, so nothing was written."
    write_result(Path(folder), watch.stamp(result), files)
    return f"The result of {result.entry} was written."


def measure_entry(entry_id: str, folder: Path, library: Path | None = None) -> Result:
    """Measure a circuit or a feature and write its result; the result without its stamp.

    Raises:
        BrokenReference: there is no such entry.
        AtlasError: as the steps that it takes.
    """
    watch = Stopwatch()
    entry = find_entry(Library.open(library), entry_id)
    if isinstance(entry, Circuit):
        opened = open_circuit(entry_id, library)
        result, files = opened.result(opened.graph(), opened.measure(), opened.attention())
        save(folder, watch, result, files)
        return result
    feature = open_feature(entry_id, library)
    result = feature.result(feature.measure())
    save(folder, watch, result)
    return result
