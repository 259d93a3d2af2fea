"""What is done in portions for long prompts gives the same graph as what is done at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.graphs import row_blocks
from atlas.graphs.graph import NodeKind
from atlas.methods.attribute import AttributionSettings, attribute
from atlas.methods.attribution import assembled_rows, met_vectors, sweep
from atlas.methods.attribution.chunks import WHOLE, ChunkLimits, bytes_of_row, chunks
from atlas.methods.attribution.freeze_prompt import freeze_prompt
from atlas.models import active_features
from tests.models import tiny_models

pytestmark = pytest.mark.usefixtures("unchecked_shapes")

IDS = np.array([0, 4, 8, 6, 12, 5, 9, 4, 3, 30])
KIND = "cross_layer_skip"  # every kind of source there is
TINY = AttributionSettings(chunk_bytes=1, rows_per_step=40)


@pytest.fixture(
    scope="module",
    params=[(family, kind) for family in tiny_models.LAYOUTS for kind in ("plain", KIND)],
    ids="-".join,
)
def engine(request, tiny_model):
    family, kind = request.param
    model = tiny_model(family)
    return model, tiny_models.random_dictionary(kind, model)


@pytest.fixture
def small_portions(monkeypatch):
    """As if every portion of work were far too large to be done at once."""
    monkeypatch.setattr(met_vectors, "KEPT_BYTES", 0)
    monkeypatch.setattr(active_features, "PORTION", 3 * tiny_models.FEATURES)
    monkeypatch.setattr(sweep, "MIXED", 3)
    monkeypatch.setattr(row_blocks, "BLOCK_EDGES", 50)
    monkeypatch.setattr(assembled_rows, "PORTION_EDGES", 50)


def assert_alike(found, expected):
    assert (found.nodes.index == expected.nodes.index).all()
    assert found.rows.shape == expected.rows.shape
    whole, part = expected.rows.toarray(), found.rows.toarray()
    largest = np.abs(whole).max(axis=1, keepdims=True)
    assert np.abs(part - whole).max() > 0  # it was computed otherwise
    np.testing.assert_array_less(np.abs(part - whole) / largest, 1e-5)
    np.testing.assert_allclose(found.row_totals, expected.row_totals, rtol=1e-5, atol=1e-5)
    assert np.abs(found.closure_gap()).max() < 1e-4


def test_portions_give_the_same_graph(engine, request):
    expected = attribute(*engine, IDS)
    request.getfixturevalue("small_portions")
    assert_alike(attribute(*engine, IDS, TINY), expected)


def test_portions_give_the_same_ranked_graph(engine, request):
    settings = AttributionSettings(max_feature_nodes=30, rows_per_step=10)
    expected = attribute(*engine, IDS, settings)
    request.getfixturevalue("small_portions")
    found = attribute(
        *engine, IDS, AttributionSettings(max_feature_nodes=30, rows_per_step=10, chunk_bytes=1)
    )
    assert_alike(found, expected)
    mass = [each.header.provenance["tracing"]["unvisited_mass"] for each in (found, expected)]
    assert mass[0] == pytest.approx(mass[1], rel=1e-5)


def test_the_memory_that_a_chunk_may_take_is_not_written_into_the_graph(engine):
    found = attribute(*engine, IDS, AttributionSettings(chunk_bytes=12345))
    assert "chunk_bytes" not in found.header.settings


def test_chunks_have_each_row_once_and_fit_where_more_than_the_fewest_would(tiny_model):
    model = tiny_model("llama")
    frozen = freeze_prompt(model, tiny_models.random_transcoders(model), IDS)
    position = torch.arange(200) % len(IDS)
    order = torch.argsort(position, stable=True)
    room = 40 * bytes_of_row(frozen, len(IDS))
    found = list(chunks(frozen, position, order, ChunkLimits(100, room)))
    assert torch.equal(torch.cat(found), order)
    for each in found:
        needed = len(each) * bytes_of_row(frozen, int(position[each].max()) + 1)
        assert len(each) == WHOLE or needed <= room
    sizes = [len(each) for each in found]
    assert sizes[0] > sizes[-2] >= WHOLE  # earlier targets reach back over fewer positions
    assert max(sizes) <= 100


def test_constants_that_no_row_has_make_no_node(engine, small_portions):
    graph = attribute(*engine, IDS, TINY)
    constants = graph.nodes_of(NodeKind.CONSTANT)
    assert (np.abs(graph.rows[:, constants].toarray()).max(axis=0) > 0).all()
