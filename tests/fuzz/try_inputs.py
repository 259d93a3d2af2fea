"""Tries many inputs on one reader, and keeps the figures of long runs."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from atlas.errors import AtlasError
from tests.fuzz.readers import LONGEST_LINE, Reader

EXAMPLES = int(os.environ.get("ATLAS_FUZZ_EXAMPLES", "60"))
LONGEST_READ = 5.0  # seconds
LARGEST_GROWTH = 512  # MiB, from what was held before
REPORT = Path(os.environ.get("ATLAS_FUZZ_REPORT", ""))


def try_inputs(name: str, reader: Reader) -> None:
    """Each input is read, or refused in one line, soon, and in bounded memory."""
    seen: Counter[str] = Counter()
    slowest = [0.0]
    before = reader.memory()

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=EXAMPLES < 1000,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(reader.inputs)
    def try_it(content: bytes) -> None:
        begin = time.perf_counter()
        try:
            read = reader.read(content)
            seen["read" if read is not False else "refused"] += 1
        except AtlasError as error:
            seen["refused"] += 1
            assert "\n" not in str(error)
            assert len(str(error)) <= LONGEST_LINE
        took = time.perf_counter() - begin
        slowest[0] = max(slowest[0], took)
        assert took < LONGEST_READ

    try_it()
    grown = reader.memory() - before
    assert grown < LARGEST_GROWTH
    if REPORT.name:
        figures = {"inputs": seen.total(), **seen, "slowest_s": slowest[0], "grown_mib": grown}
        told = json.loads(REPORT.read_text()) if REPORT.is_file() else {}
        REPORT.write_text(json.dumps(told | {name: figures}, indent=1, ensure_ascii=False))
