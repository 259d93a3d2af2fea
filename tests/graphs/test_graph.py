"""A graph keeps its rows closed, refuses what is no graph, and survives its file unchanged."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from atlas.errors import GraphError, GraphFormatError
from atlas.graphs.graph import AttributionGraph, NodeKind
from tests.graphs.hand_graphs import (
    SMALL_EDGES,
    SMALL_NODES,
    C,
    D,
    F,
    T,
    a_header,
    graph_from_edges,
    node_table,
    small_graph,
)


def test_rows_nodes_and_edges_can_be_asked_for():
    graph = small_graph()
    assert graph.feature_nodes.tolist() == [0, 1]
    assert graph.logit_nodes.tolist() == [6, 7]
    assert [graph.row_of(node) for node in (0, 1, 2, 6, 7)] == [0, 1, None, 2, 3]
    edges = {
        (int(target), int(source)): float(weight)
        for target, source, weight in zip(
            graph.edges.targets, graph.edges.sources, graph.edges.weights, strict=True
        )
    }
    assert edges == SMALL_EDGES


def test_the_closure_gap_is_the_row_sum_minus_its_total():
    assert small_graph().closure_gap().tolist() == [0, 0, 0, 0]
    open_rows = small_graph(row_totals=np.array([1, 2, 3, 0], np.float32))
    assert open_rows.closure_gap().tolist() == [1, 0, 1, 0]


def test_a_graph_without_totals_has_no_closure_gap():
    with pytest.raises(GraphError, match="row totals are known"):
        small_graph(row_totals=None).closure_gap()


def test_a_subgraph_moves_lost_mass_to_the_dropped_node_and_stays_closed():
    keep = np.ones(8, bool)
    keep[[0, 2]] = False
    part = small_graph().subgraph(keep)
    dropped = part.nodes_of(NodeKind.DROPPED)
    assert dropped.tolist() == [4]
    assert part.row_nodes.tolist() == [0, 5, 6]
    assert part.rows[:, [4]].toarray().ravel().tolist() == [1.0, -1.0, 0.0]
    assert part.lost_mass.tolist() == [3.0, 3.0, 0.0]
    assert part.closure_gap().tolist() == [0, 0, 0]
    assert part.nodes.label[5:] == (" Austin", " Boston")


def test_a_subgraph_of_a_subgraph_adds_to_the_same_dropped_node():
    without_error = np.array([1, 1, 0, 1, 1, 1, 1, 1], bool)
    once = small_graph().subgraph(without_error)
    keep = np.ones(len(once.nodes), bool)
    keep[0] = False
    twice = once.subgraph(keep)
    both = small_graph().subgraph(np.array([0, 1, 0, 1, 1, 1, 1, 1], bool))
    assert twice.equals(both)


def test_dropping_single_edges_keeps_their_nodes():
    graph = small_graph()
    keep_edges = graph.edges.sources != 3
    part = graph.subgraph(np.ones(8, bool), keep_edges)
    assert len(part.nodes) == 9
    assert part.lost_mass.tolist() == [0.0, 0.5, 0.0, 0.0]
    assert part.closure_gap().tolist() == [0, 0, 0, 0]


def test_a_subgraph_of_everything_is_the_graph():
    graph = small_graph()
    assert graph.subgraph(np.ones(8, bool)).equals(graph)


def test_writing_and_reading_is_the_identity(tmp_path):
    header = a_header(
        token_ids=(1, 9), settings={"rows": 3}, provenance={"digest": "ab", "nested": {"x": [1]}}
    )
    for graph in (small_graph(header=header), small_graph(row_totals=None)):
        path = tmp_path / "graph.npz"
        graph.save(path)
        again = AttributionGraph.load(path)
        assert again.equals(graph)
        assert again.header == graph.header
        assert again.nodes.label == graph.nodes.label


def test_equal_graphs_give_equal_bytes(tmp_path):
    first = a_header(settings={"a": 1, "b": 2})
    second = a_header(settings={"b": 2, "a": 1})
    small_graph(header=first).save(tmp_path / "first.npz")
    small_graph(header=second).save(tmp_path / "second.npz")
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.npz", "second.npz"]


def test_tokens_of_any_script_survive_the_file(tmp_path):
    header = a_header(tokens=("<s>", "\ud800 שלום\n\x00"))
    small_graph(header=header).save(tmp_path / "graph.npz")
    assert AttributionGraph.load(tmp_path / "graph.npz").header.tokens == header.tokens


def changed_nodes(place, entry):
    return node_table([*SMALL_NODES[:place], entry, *SMALL_NODES[place + 1 :]])


@pytest.mark.parametrize(
    ("place", "entry", "message"),
    [
        (0, (F, 2, 1, 7, 2.0, ""), "features ordered by layer"),
        (0, (F, 1, 1, 3, 2.0, ""), "feature 1-3 at position 1 twice"),
        (0, (F, -1, 1, 7, 2.0, ""), "0 or more on features"),
        (0, (F, 0, -1, 7, 2.0, ""), "0 or more on features"),
        (0, (T, -1, 1, 7, 2.0, ""), "order of their kinds"),
        (0, (F, 0, 1, 7, np.nan, ""), "finite numbers"),
        (3, (T, 4, 0, 1, 0.0, ""), "-1 on tokens"),
        (4, (T, -1, 0, 1, 0.0, ""), "token 1 at position 0 twice"),
        (5, (C, -1, -1, 99, 0.0, ""), "a code below 12"),
        (6, (5, -1, 1, 4, 1.5, ""), "a probability"),
        (7, (9, -1, 1, 4, 0.5, ""), "0 to 5"),
    ],
)
def test_wrong_nodes_are_refused(place, entry, message):
    with pytest.raises(GraphFormatError, match=message):
        changed_nodes(place, entry)


def test_a_second_dropped_node_is_refused():
    with pytest.raises(GraphFormatError, match="at most one node for dropped mass"):
        node_table([(D, -1, -1, 0, 0.0, ""), (D, -1, -1, 1, 0.0, "")])


@pytest.mark.parametrize(
    ("edge", "message"),
    [
        ((0, 1), "from a lower layer"),
        ((0, 0), "from a lower layer"),
        ((0, 2), "from a lower layer"),
        ((1, 6), "from a lower layer"),
    ],
)
def test_edges_that_could_close_a_cycle_are_refused(edge, message):
    with pytest.raises(GraphFormatError, match=message):
        graph_from_edges(node_table(SMALL_NODES), [0, 1, 6, 7], {**SMALL_EDGES, edge: 1.0})


def test_an_edge_from_a_later_token_is_refused():
    nodes = changed_nodes(0, (F, 0, 0, 7, 2.0, ""))
    with pytest.raises(GraphFormatError, match="no edge from a later token"):
        graph_from_edges(nodes, [0, 1, 6, 7], SMALL_EDGES)


@pytest.mark.parametrize("weight", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(weight):
    edges = {**SMALL_EDGES, (6, 4): weight}
    with pytest.raises(GraphFormatError, match="finite weights"):
        graph_from_edges(node_table(SMALL_NODES), [0, 1, 6, 7], edges)
    with pytest.raises(GraphFormatError, match=r"row_totals\[1\].*finite"):
        small_graph(row_totals=np.array([0, weight, 0, 0], np.float32))


@pytest.mark.parametrize(
    ("row_nodes", "message"),
    [
        ([0, 1, 6], "a row for every logit"),
        ([1, 0, 6, 7], "ascending"),
        ([0, 2, 6, 7], "features and logits"),
    ],
)
def test_rows_of_the_wrong_nodes_are_refused(row_nodes, message):
    with pytest.raises(GraphFormatError, match=message):
        graph_from_edges(node_table(SMALL_NODES), row_nodes, {})


def test_an_edge_given_twice_is_refused():
    rows = csr_array(
        (np.ones(2, np.float32), np.array([4, 4]), np.array([0, 2, 2, 2, 2])), shape=(4, 8)
    )
    with pytest.raises(GraphFormatError, match="an edge twice"):
        AttributionGraph(
            node_table(SMALL_NODES), rows, np.array([0, 1, 6, 7], np.int32), None, a_header()
        )


def test_dropped_mass_smaller_than_its_net_is_refused():
    nodes = node_table([*SMALL_NODES[:6], (D, -1, -1, 0, 0.0, ""), *SMALL_NODES[6:]])
    parts = {"row_totals": None, "dropped_absolute": np.array([0, 1, 0, 0], np.float32)}
    graph_from_edges(nodes, [0, 1, 7, 8], {(1, 6): -1.0}, **parts)
    with pytest.raises(GraphFormatError, match="at least 2"):
        graph_from_edges(nodes, [0, 1, 7, 8], {(1, 6): -2.0}, **parts)


def test_dropped_mass_defaults_to_the_size_of_its_net():
    nodes = node_table([*SMALL_NODES[:6], (D, -1, -1, 0, 0.0, ""), *SMALL_NODES[6:]])
    graph = graph_from_edges(nodes, [0, 1, 7, 8], {(1, 6): -2.0})
    assert graph.lost_mass.tolist() == [0, 2, 0, 0]


def test_a_position_beyond_the_tokens_is_refused():
    with pytest.raises(GraphFormatError, match="below 1, the number of tokens"):
        small_graph(header=a_header(tokens=("<s>",)))


def test_a_header_that_is_not_json_is_refused_when_saving(tmp_path):
    graph = small_graph(header=a_header(settings={"x": float("nan")}))
    with pytest.raises(GraphFormatError, match="JSON"):
        graph.save(tmp_path / "graph.npz")
    assert list(tmp_path.iterdir()) == []
