"""Tries many inputs on one reader, and keeps the figures of long runs."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings

from atlas.errors import AtlasError
from atlas.files.whole import write_whole
from tests.fuzz.reader import LONGEST_LINE, Reader

EXAMPLES = int(os.environ.get("ATLAS_FUZZ_EXAMPLES", "60"))
ROUND = 2000  # inputs; Hypothesis remembers all of a round, and slows down
LONGEST_READ = 5.0  # seconds
LARGEST_GROWTH = 512  # MiB, from what was held before
REPORT = os.environ.get("ATLAS_FUZZ_REPORT", "")  # a folder; a run that was ended goes on there


def try_inputs(name: str, reader: Reader) -> None:
    """Each input is read, or refused in one line, soon, and in bounded memory."""
    record = Path(REPORT) / f"{name}.json" if REPORT else None
    figures: defaultdict[str, float] = defaultdict(float)
    if record and record.is_file():
        figures.update(json.loads(record.read_text("utf-8")))
    before = reader.memory()
    while (tried := figures["read"] + figures["refused"]) < EXAMPLES:
        begin = time.perf_counter()
        _try_round(reader, int(figures["rounds"]), int(min(ROUND, EXAMPLES - tried)), figures)
        grown = reader.memory() - before
        assert grown < LARGEST_GROWTH
        figures["rounds"] += 1
        figures["seconds"] += time.perf_counter() - begin
        figures["grown_mib"] = max(figures["grown_mib"], grown)
        if record:
            record.parent.mkdir(parents=True, exist_ok=True)
            write_whole(record, json.dumps(figures, indent=1).encode())


def _try_round(reader: Reader, number: int, inputs: int, figures: defaultdict[str, float]) -> None:
    """Other inputs than those of every other round; what became of them goes into `figures`."""

    @seed(number)
    @settings(
        max_examples=inputs, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(reader.inputs)
    def try_it(content: bytes) -> None:
        for _ in range(2):  # again where another program had the processor meanwhile
            begin = time.perf_counter()
            read = is_read(reader, content)
            took = time.perf_counter() - begin
            if took < LONGEST_READ:
                break
        figures["read" if read else "refused"] += 1
        figures["slowest_s"] = max(figures["slowest_s"], took)
        assert took < LONGEST_READ

    try_it()


def is_read(reader: Reader, content: bytes) -> bool:
    """Whether the reader takes it; what it refuses it refuses in one line."""
    try:
        return reader.read(content) is not False
    except AtlasError as error:
        assert "\n" not in str(error)
        assert len(str(error)) <= LONGEST_LINE
        return False
