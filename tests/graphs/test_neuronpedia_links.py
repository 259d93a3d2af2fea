"""Links of files that others wrote: which nodes they join, and which are no edges."""

from __future__ import annotations

import pytest

from atlas.errors import AmbiguousNode, GraphFormatError
from atlas.graphs.neuronpedia_json import (
    read_graph,
    read_imported,
)
from tests.graphs.foreign_files import ERROR, foreign_file, foreign_node


def colliding_nodes():
    """Feature 2 of layer 0 and the error of layer 2, both `0_2_1`; two layers above them."""
    return [
        foreign_node("0_2_1", feature=2),
        foreign_node("0_7_1", feature=7),
        foreign_node("2_9_1", layer="2", feature=9),
        foreign_node("3_8_1", layer="3", feature=8),
        foreign_node("0_2_1", ERROR, "2", feature=-1),
    ]


def test_an_id_of_two_nodes_is_resolved_by_direction_and_order(tmp_path):
    links = [
        ("E_2_0", "0_2_1", 1.0),  # an error has no inputs
        ("0_2_1", "2_9_1", 2.0),  # the error lies no lower than its target
        ("0_2_1", "3_8_1", 3.0),  # before 0_7_1, so the feature
        ("0_7_1", "3_8_1", 4.0),
        ("0_2_1", "3_8_1", 5.0),  # after it, so the error
    ]
    nodes = colliding_nodes()
    # Sources are listed in node order, so the embedding goes last.
    imported = read_imported(foreign_file(tmp_path, nodes, links))
    names = imported.graph.nodes.describe
    edges = {
        (names(int(source)), names(int(target))): float(weight)
        for source, target, weight in zip(
            imported.graph.edges.sources,
            imported.graph.edges.targets,
            imported.graph.edges.weights,
            strict=True,
        )
    }
    feature, error = "feature 0-2 at position 1", "error of layer 2 at position 1"
    assert edges == {
        ("token 2 at position 0", feature): 1.0,
        (feature, "feature 2-9 at position 1"): 2.0,
        (feature, "feature 3-8 at position 1"): 3.0,
        ("feature 0-7 at position 1", "feature 3-8 at position 1"): 4.0,
        (error, "feature 3-8 at position 1"): 5.0,
    }
    assert "1 ids, such as 0_2_1, stood for more than one node" in imported.repairs


@pytest.mark.parametrize(
    "links",
    [
        [("0_2_1", "3_8_1", 3.0)],
        [("0_2_1", "3_8_1", 3.0), ("0_2_1", "3_8_1", 5.0)],
        [("0_7_1", "3_8_1", 3.0), ("0_2_1", "3_8_1", 5.0), ("E_2_0", "3_8_1", 5.0)],
    ],
)
def test_an_id_of_two_nodes_that_nothing_resolves_is_refused(tmp_path, links):
    with pytest.raises(AmbiguousNode, match="feature 0-2 at position 1 or error of layer 2"):
        read_graph(foreign_file(tmp_path, colliding_nodes(), links))


def test_links_that_are_no_edges_are_left_out_and_reported(tmp_path):
    nodes = [foreign_node("0_12_1", feature=12)]
    links = [
        ("E_2_0", "0_12_1", 1.0),
        ("E_2_0", "0_12_1", 1.0),
        ("0_12_1", "0_12_1", 0.0),
        ("27_22605_1", "0_12_1", 0.0),
        ("gone", "0_12_1", 3.0),
    ]
    imported = read_imported(foreign_file(tmp_path, nodes, links))
    assert imported.graph.rows.nnz == 1
    assert imported.repairs == (
        "1 links to nodes that the file lacks were left out",
        "2 links of weight 0 were left out",
        "1 repetitions of a link were left out",
    )


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ([("0_12_1", "0_12_1", 1.0)], "from a lower layer, so that the graph has no cycle"),
        ([("0_12_1", "1_5_1", 1.0), ("1_5_1", "0_12_1", 1.0)], "no cycle"),
        ([("1_5_1", "0_3_0", 1.0)], "no cycle"),
        ([("E_2_0", "0_12_1", 1.0), ("E_2_0", "0_12_1", 2.0)], "one weight; found 1 and 2"),
        ([("0_12_1", "E_2_0", 1.0)], "a feature or a logit as target"),
        ([("27_22605_1", "0_12_1", 1.0)], "logit ' Austin' -> feature 0-12"),
    ],
)
def test_links_that_make_no_graph_are_refused(tmp_path, links, message):
    nodes = [
        foreign_node("0_12_1", feature=12),
        foreign_node("0_3_0", position=0, feature=3),
        foreign_node("1_5_1", layer="1", feature=5),
    ]
    with pytest.raises(GraphFormatError, match=message):
        read_graph(foreign_file(tmp_path, nodes, links))
