"""No file that a stranger wrote makes a reader crash, hang, or say more than a line.

`make fuzz` tries 100,000 inputs on each reader and writes what came of them to build/fuzzed;
the normal run tries a few.
"""

from __future__ import annotations

import pytest

from tests.fuzz.readers import readers
from tests.fuzz.try_inputs import try_inputs

NAMES = (
    "a circuit's YAML", "a model's YAML", "a circuit's prompts", "a filled form",
    "a circuit in retrained weights",
    "a graph (Neuronpedia JSON)", "a feature (Neuronpedia JSON)", "features (Neuronpedia's export)",
    "a dictionary's config.yaml", "a dictionary's cfg.json", "a model's config.json",
    "a result", "the nightly journal",
    "a graph (.npz)", "a shard of dashboards", "labelled tokens (.npz)", "a vector (.npy)",
    "safetensors", "the header of safetensors", "a dictionary's params.npz",
    "the headers of params.npz",
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
    try_inputs(name, known[name])
