"""No file that a stranger wrote makes a reader crash, hang, or say more than a line.

`make fuzz` tries 100,000 inputs on each reader and writes what came of them to build/fuzz.json;
the normal run tries a few.
"""

from __future__ import annotations

import json
import os
import resource
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from atlas.errors import AtlasError
from tests.fuzz.readers import LONGEST_LINE, readers

EXAMPLES = int(os.environ.get("ATLAS_FUZZ_EXAMPLES", "60"))
LONGEST_READ = 5.0  # seconds
LARGEST_GROWTH = 512  # MiB of the process, from what it had before
REPORT = Path(os.environ.get("ATLAS_FUZZ_REPORT", ""))
NAMES = (
    "a circuit's YAML", "a model's YAML", "a graph (.npz)", "a graph (Neuronpedia JSON)",
    "a feature (Neuronpedia JSON)", "features (Neuronpedia's export)", "a shard of dashboards",
    "a dictionary's config.yaml", "a dictionary's cfg.json",
    "safetensors", "a result", "the nightly journal",
)  # fmt: skip


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    return readers(tmp_path_factory.mktemp("fuzz"))


def test_all_readers_are_tried(known):
    assert tuple(known) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_good_file_is_read(known, name):
    assert known[name].read(known[name].good)


@pytest.mark.timeout(24 * 3600)
@pytest.mark.parametrize("name", NAMES)
def test_a_bad_file_is_one_line(known, name):
    reader, seen, slowest = known[name], Counter(), [0.0]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

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
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < LARGEST_GROWTH
    if REPORT.name:
        figures = {"inputs": seen.total(), **seen, "slowest_s": slowest[0], "grown_mib": grown}
        told = json.loads(REPORT.read_text()) if REPORT.is_file() else {}
        REPORT.write_text(json.dumps(told | {name: figures}, indent=1, ensure_ascii=False))
