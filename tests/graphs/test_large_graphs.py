"""What is done with a large graph takes little memory besides the graph itself."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from atlas.graphs import row_blocks
from atlas.graphs.given_up import bounds
from atlas.graphs.graph import AttributionGraph
from atlas.graphs.influence import influence
from atlas.graphs.prune import prune
from atlas.graphs.scores import score
from benchmarks.large_graph import made
from benchmarks.layered_graph import Layered

EDGE_BYTES = 8  # a column and a weight


@pytest.fixture(scope="module")
def graph():
    return made(Layered(features=3_000, layers=10, positions=30), 600)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(row_blocks, "BLOCK_EDGES", 1 << 16)


def bytes_for(work):
    """The most that Python and numpy held at once while this was done."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("work", "share"), [(influence, 0.3), (score, 0.3), (prune, 0.8)])
def test_no_copy_of_the_rows_is_made(work, share, graph, small_blocks):
    assert bytes_for(lambda: work(graph)) < share * EDGE_BYTES * graph.rows.nnz


def test_a_graph_is_read_with_one_copy_of_each_array_beside_it(graph, small_blocks, tmp_path):
    graph.save(tmp_path / "graph.npz")
    assert (
        bytes_for(lambda: AttributionGraph.load(tmp_path / "graph.npz"))
        < 2.5 * EDGE_BYTES * graph.rows.nnz
    )
    assert AttributionGraph.load(tmp_path / "graph.npz").equals(graph)


def test_blocks_change_nothing_but_rounding(graph, monkeypatch):
    whole = influence(graph)
    monkeypatch.setattr(row_blocks, "BLOCK_EDGES", 1000)
    np.testing.assert_allclose(influence(graph), whole, rtol=1e-12)
    assert bounds(graph) is None


def test_blocks_cover_every_row_once_and_hold_no_more_than_asked():
    pointers = np.array([0, 5, 5, 9, 30, 31])
    found = list(row_blocks.row_blocks(pointers, most=9))
    assert [(part.start, part.stop) for part in found] == [(0, 3), (3, 4), (4, 5)]
    assert list(row_blocks.row_blocks(pointers, slice(1, 3), most=3)) == [slice(1, 2), slice(2, 3)]
