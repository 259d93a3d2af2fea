"""Graph files that others wrote, in all their dialects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas.graphs.neuronpedia_ids import pair, unpair
from atlas.graphs.neuronpedia_json import (
    GraphPart,
    read_graph,
    read_imported,
)
from tests.graphs.foreign_files import ERROR, foreign_file, foreign_node


def test_a_plain_foreign_file_is_read_without_totals_and_constants(tmp_path):
    nodes = [foreign_node("0_12_1", feature=pair(0, 12), activation=1.5, clerp="species")]
    links = [("E_2_0", "0_12_1", 1.25), ("0_12_1", "27_22605_1", -2)]
    imported = read_imported(foreign_file(tmp_path, nodes, links))
    graph = imported.graph
    assert imported.repairs == ()
    assert (graph.row_totals, graph.header.model) == (None, "gemma-2-2b")
    assert graph.nodes.index.tolist() == [12, 2, 22605]
    assert graph.nodes.label == ("species", "", " Austin")
    np.testing.assert_allclose(graph.nodes.value, [1.5, 0, 0.4394])
    assert graph.rows.toarray().tolist() == [[0, 1.25, 0], [-2, 0, 0]]


@pytest.mark.parametrize(
    ("fields", "metadata", "index"),
    [
        ({"node_id": "3_12_1", "feature": pair(3, 12)}, {}, 12),
        ({"node_id": "3_12_1", "feature": 12}, {}, 12),
        ({"node_id": "3_12_1", "feature": 300012}, {}, 12),
        ({"node_id": "3_12_1", "feature": None}, {}, 12),
        ({"node_id": "3_cro_12_1", "feature": pair(3, 12)}, {}, 12),
        ({"node_id": "some-name", "feature": 12}, {}, 12),
        ({"node_id": "some-name", "feature": pair(3, 12)}, {"schema_version": 1}, 12),
        (
            {"node_id": "some-name", "feature": pair(3, 12)},
            {"feature_details": {"neuronpedia_source_set": "x"}},
            12,
        ),
        ({"node_id": "3_12_1", "feature": 12.0, "layer": 3}, {}, 12),
        ({"node_id": "3_12_1", "feature_type": "unexplored node"}, {}, 12),
    ],
)
def test_every_way_of_naming_a_feature_gives_its_index(tmp_path, fields, metadata, index):
    node = foreign_node("3_12_1", layer="3") | fields
    graph = read_graph(foreign_file(tmp_path, [node], metadata=metadata))
    assert (graph.nodes.layer[0], graph.nodes.index[0]) == (3, index)


@given(st.integers(0, 200), st.integers(0, 10**8))
def test_unpairing_undoes_pairing(layer, index):
    assert unpair(pair(layer, index)) == (layer, index)


@pytest.mark.parametrize("node_id", ["0_5_1", "5_-1_1", "5_error_mlp_1"])
def test_old_new_and_other_error_ids_give_the_same_node(tmp_path, node_id):
    nodes = [foreign_node(node_id, ERROR, "5", feature=-1)]
    graph = read_graph(foreign_file(tmp_path, nodes, [(node_id, "27_22605_1", 1.0)]))
    assert graph.nodes.describe(0) == "error of layer 5 at position 1"


def test_saved_views_are_read_as_lists_as_strings_and_by_either_id(tmp_path):
    nodes = [foreign_node("0_12_1", feature=12), foreign_node("1_5_1", layer="1", feature=5)]
    as_lists = {"pinnedIds": ["0_12_1", "1_5_1-js"], "supernodes": [["both", "0_12_1", "1_5_1-js"]]}
    as_text = {"pinnedIds": "0_12_1,1_5_1", "supernodes": '[["both", "0_12_1", "1_5_1", "gone"]]'}
    for view in (as_lists, as_text):
        imported = read_imported(foreign_file(tmp_path, nodes, qParams=view))
        assert imported.pinned == (0, 1)
        assert imported.parts == (GraphPart("both", (0, 1)),)
    assert imported.repairs == ("1 ids in the saved view, such as gone, name no node",)


@pytest.mark.parametrize("view", [{"supernodes": "[["}, {"supernodes": [[]]}, {"pinnedIds": 3}])
def test_a_saved_view_that_makes_no_sense_is_left_out_and_reported(tmp_path, view):
    imported = read_imported(foreign_file(tmp_path, qParams=view))
    assert (imported.parts, imported.pinned) == ((), ())
    assert "was left out" in imported.repairs[0]


@pytest.mark.parametrize(
    ("clerp", "probability", "token"),
    [
        ('Output " Austin" (p=0.439)', 0.439, " Austin"),
        ("Output '\"' (p=0.25)", 0.25, '"'),
        ('output: "Austin" (p=0.984)', 0.984, "Austin"),
        ('Logit "a "b" c" (p=0.5)', 0.5, 'a "b" c'),
        ("Austin", 0.0, "Austin"),
    ],
)
def test_a_logit_is_read_from_its_label_where_its_fields_are_missing(
    tmp_path, clerp, probability, token
):
    node = foreign_node("27_3_1", "logit", "27", feature=3, clerp=clerp)
    graph = read_graph(foreign_file(tmp_path, [node]))
    assert graph.nodes.value[-1] == pytest.approx(probability)
    assert graph.nodes.label[-1] == token


def test_signs_for_white_space_are_undone_only_where_the_prompt_proves_it(tmp_path):
    metadata = {"prompt": "a\nb →", "prompt_tokens": ["a⏎", "b→"]}
    graph = read_graph(foreign_file(tmp_path, metadata=metadata))
    assert graph.header.tokens == ("a\n", "b→")


def test_attention_sources_outside_the_graph_are_left_out_and_reported(tmp_path):
    imported = read_imported(foreign_file(tmp_path, qk_only_nodes={"x": {}}))
    assert "qk_only_nodes" in imported.repairs[0]
