"""Edges split by head, joined to the accepted graph."""

import json
from dataclasses import replace

import numpy as np
import pytest

from atlas.errors import EntryError
from atlas.graphs.graph import AttributionGraph, NodeKind
from site_builder.head_splits import head_splits, keys
from tests.site_builder.example_graph import example_graph
from tests.site_builder.example_heads import write_heads


@pytest.fixture
def graph(tmp_path) -> AttributionGraph:
    """A graph of four tokens, as a file gives it."""
    planted = [(1, 1, 10), (2, 2, 20)]
    made = example_graph(["a", "b", "c", "d"], planted, {(0, 1): 0.8, (1, 2): 2}, [("x", 0.9)])
    made.save(tmp_path / "graph.npz")
    return AttributionGraph.load(tmp_path / "graph.npz")


def scaled(graph, factor):
    """The graph with other weights."""
    rows = graph.rows.copy()
    rows.data = (rows.data * factor).astype(rows.data.dtype)
    return replace(graph, rows=rows)


def test_each_split_sums_to_its_edge_of_the_accepted_graph(graph, tmp_path):
    folder = write_heads(tmp_path / "run", tmp_path / "graph.npz").parent
    ends = graph.edges
    pairs = zip(ends.sources.tolist(), ends.targets.tolist(), strict=True)
    weights = dict(zip(pairs, ends.weights.tolist(), strict=True))
    splits = head_splits(scaled(graph, 1 + 1e-6), folder)
    assert len(splits) == int((graph.nodes.kind[ends.sources] <= NodeKind.TOKEN).sum())
    for source, target, *plain, head in splits:
        total = sum(plain) + head[2]
        assert total == pytest.approx(weights[source, target], rel=2e-3, abs=1e-6)
        assert head[:2] == [1, 0]


def test_splits_of_other_weights_and_of_another_graph_are_left_out(graph, tmp_path):
    file = write_heads(tmp_path / "run", tmp_path / "graph.npz")
    strong = [split for split in head_splits(scaled(graph, 1.5), file.parent) if split[2] > 0.001]
    assert strong == []
    file.write_text(json.dumps({**json.loads(file.read_text()), "graph": "0" * 64}))
    assert head_splits(graph, file.parent) == []
    assert head_splits(graph, None) == head_splits(graph, tmp_path / "none") == []


def test_nodes_are_found_by_what_they_are(graph, tmp_path):
    folder = write_heads(tmp_path / "run", tmp_path / "graph.npz").parent
    kept = np.ones(len(graph.nodes), dtype=bool)
    kept[int(np.flatnonzero(graph.nodes.kind == NodeKind.ERROR)[0])] = False
    ends = graph.edges
    smaller = graph.subgraph(kept, kept[ends.sources] & kept[ends.targets])
    whole, fewer = (
        {(keys(each)[source], keys(each)[target]): parts for source, target, *parts in splits}
        for each in (graph, smaller)
        for splits in [head_splits(each, folder)]
    )
    assert 0 < len(fewer) < len(whole)
    assert all(whole[ends] == parts for ends, parts in fewer.items())


def test_a_file_of_another_kind_is_refused(graph, tmp_path):
    file = write_heads(tmp_path / "run", tmp_path / "graph.npz")
    file.write_text("[]")
    with pytest.raises(EntryError, match="atlas reproduce"):
        head_splits(graph, file.parent)
