"""Many runs in one process take no more memory and no longer than the first ones."""

import gc
import os
import tempfile
from pathlib import Path

import pytest

from atlas.runs.measure_entry import measure_entry
from benchmarks.reliability.soak import Run, memory_of, memory_of_tree, soak, trend, trends
from tests import planted_library

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def test_a_line_through_what_grows_and_through_what_does_not():
    grown = trend("memory", [100.0, 110.0, 120.5, 130.0])
    assert grown.growth == pytest.approx(30.15)
    assert not grown.flat
    assert trend("memory", [100.0, 101.0, 99.0, 100.0, 100.5]).flat
    assert trend("seconds", [3.0, 5.0, 2.5, 6.0, 3.0, 5.5]).flat  # it varies, and does not grow
    assert trend("descriptors", [7, 7, 7]).flat
    assert not trend("descriptors", [7, 8, 9]).flat
    assert trend("memory", [130.0, 120.0, 110.0]).flat  # what shrinks does not grow


def test_the_first_run_is_left_out():
    runs = [Run(time, 1.0, 1.0, 7, 0) for time in (90.0, 3.0, 3.0, 3.0)]
    (time,) = (each for each in trends(runs) if each.name == "time")
    assert (time.mean, time.growth) == (3.0, 0.0)


def test_memory_is_that_of_the_process_and_its_children():
    own = memory_of(os.getpid())
    assert own > 20
    assert memory_of_tree(os.getpid()) >= own * 0.9
    assert memory_of(2**22 + 1) == 0.0  # no such process


@pytest.fixture
def library(tmp_path):
    return planted_library.build(tmp_path / "library", NOTEBOOKS)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_short_soak(library, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    runs = list(soak(library, 4, ["--direct"], tmp_path))
    assert {run.temporary for run in runs} == {0}
    assert len({run.descriptors for run in runs[1:]}) == 1
    (own,) = (each for each in trends(runs) if each.name == "own_memory")
    assert own.flat, own
    assert all(run.tree_peak > run.own_memory for run in runs)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_measuring_an_entry_again_and_again_takes_no_more_memory(library, tmp_path):
    memory = []
    for number in range(9):
        measure_entry("planted", tmp_path / f"result-{number}", library)
        gc.collect()
        memory.append(memory_of(os.getpid()))
    assert trend("memory", memory[3:]).flat, memory
