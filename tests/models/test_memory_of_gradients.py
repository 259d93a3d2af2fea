"""The estimate for approximate traces grows with what makes them larger."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atlas.models.memory import Holding
from atlas.models.memory_of_gradients import GradientRun, to_trace_by_gradients
from atlas.models.shapes import ModelShape, StoredTensor

MODEL = ModelShape(
    layers=4, d_model=64, heads=4, kv_heads=4, d_head=16, d_mlp=256, d_vocab=1000,
    post_norms=False, tensors=(StoredTensor("embedding", (1000, 64), 2),),
)  # fmt: skip
RUN = GradientRun(tokens=16, rows=500, layers=4, side_by_side=False)


def needs(run=RUN, holding=Holding(), features=512):  # noqa: B008  frozen
    return to_trace_by_gradients(MODEL, features, holding, run)


@pytest.mark.parametrize(
    "more",
    [{"tokens": 24}, {"rows": 1000}, {"active": 128}, {"side_by_side": True},
     {"rows_per_chunk": 128}],
)  # fmt: skip
def test_larger_runs_need_more(more):
    assert needs(replace(RUN, **more)).memory_bytes > needs().memory_bytes


def test_dense_rows_have_an_entry_for_every_source():
    sources = 16 * (4 * (64 + 1) + 1)
    assert needs().memory["rows"] >= 4 * 500 * sources


def test_matrices_that_are_brought_stay_for_the_gradients():
    held = needs(holding=Holding(stream=True))
    assert held.memory["brought"] == 4 * 1000 * 64
    assert "brought" not in needs().memory


def test_a_device_takes_it_all():
    found = needs(holding=Holding(accelerator=True))
    assert found.memory == {}
    assert found.accelerator_bytes == needs().memory_bytes
