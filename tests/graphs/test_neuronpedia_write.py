"""The shared graph format: what is written comes back the same, and viewers can draw it."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas.errors import BadInput
from atlas.graphs.graph import NodeKind
from atlas.graphs.neuronpedia_ids import pair
from atlas.graphs.neuronpedia_json import (
    ExportSettings,
    GraphPart,
    read_graph,
    read_imported,
    write_graph,
)
from atlas.graphs.prune import PruneSettings, prune
from tests.graphs.hand_graphs import E, F, L, T, a_header, graph_from_edges, node_table, small_graph
from tests.graphs.random_graphs import graph_settings, random_graph


def written(tmp_path, graph, **export):
    path = tmp_path / "graph.json"
    write_graph(graph, path, "a-slug", ExportSettings(**export))
    return path, json.loads(path.read_text("utf-8"))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("identity") / "graph.json"


@settings(max_examples=25, deadline=None)
@given(drawn=graph_settings, pruned=st.booleans())
def test_writing_then_reading_is_the_identity(scratch, drawn, pruned):
    graph = random_graph(**drawn)
    if pruned:
        graph = prune(graph, PruneSettings(0.7, 0.9))
    write_graph(graph, scratch, "a-slug")
    imported = read_imported(scratch)
    assert imported.graph.equals(graph)
    assert (imported.slug, imported.repairs) == ("a-slug", ())


def test_labels_totals_and_odd_tokens_come_back_too(tmp_path):
    header = a_header(
        tokens=("<s>", '"(p=0.9)\n'), token_ids=(1, 2), settings={"rows": 2}, provenance={"a": [1]}
    )
    entries = [(F, 0, 1, 7, 2.0, "a label"), (E, 0, 1, 4, 0.5, "odd"), (T, -1, 0, -1, 0.0, "x")]
    entries += [(L, -1, 1, 3, 0.5, '"(p=0.9)\n'), (L, -1, 1, 4, 0.1, "")]
    graph = graph_from_edges(
        node_table(entries), [0, 3, 4], {(3, 0): 1.0, (0, 2): 0.1}, header=header
    )
    path, values = written(tmp_path, graph, labels={0: "another label"})
    assert read_graph(path).equals(graph)
    assert values["nodes"][0]["clerp"] == "another label"
    assert values["nodes"][3]["clerp"].startswith("Output '\"( p=0.9)\n' (p=0.500)")


def test_the_file_passes_the_schema_under_both_drafts(tmp_path, repository):
    schema = json.loads((repository / "schema/neuronpedia-graph.schema.json").read_text("utf-8"))
    part = GraphPart("say Austin", (0, 1))
    _, values = written(tmp_path, small_graph(), parts=(part,), source_set="transcoders")
    for validator in (jsonschema.Draft202012Validator, jsonschema.Draft7Validator):
        validator.check_schema(schema)
        assert list(validator(schema).iter_errors(values)) == []
        for broken in ({"weight": None}, {"weight": "1"}, {"source": 3}):
            values["links"][0] |= broken
            assert list(validator(schema).iter_errors(values))
            values["links"][0] |= {"source": "E_9_1", "weight": 1.0}


def test_the_file_obeys_the_rules_that_keep_viewers_alive(tmp_path):
    _, values = written(tmp_path, small_graph(), parts=(GraphPart("the state", (0, 1)),))
    by_id = {node["node_id"]: node for node in values["nodes"]}
    assert len(by_id) == len(values["nodes"]) == 7
    assert {link[end] for link in values["links"] for end in ("source", "target")} <= by_id.keys()
    logits = [node for node in values["nodes"] if node["feature_type"] == "logit"]
    assert [node["clerp"] for node in logits] == [
        'Output " Austin" (p=0.750)',
        'Output " Boston" (p=0.250)',
    ]
    assert [node["is_target_logit"] for node in logits] == [True, False]
    assert by_id["0_7_1"]["feature"] == pair(0, 7) and values["metadata"]["schema_version"] == 1
    assert by_id["0_-1_1"]["feature_type"] == "mlp reconstruction error"
    assert by_id["E_9_1"]["layer"] == "E"
    assert by_id["0_7_1"]["clerp"] == "the state"
    assert values["qParams"]["supernodes"] == [["the state", "0_7_1", "1_3_1"]]
    assert values["qParams"]["pinnedIds"] == ["0_7_1", "1_3_1"]
    shares = [node["influence"] for node in values["nodes"] if node["influence"] is not None]
    assert max(shares) == pytest.approx(1) and min(shares) > 0


def test_the_same_graph_gives_the_same_bytes(tmp_path):
    write_graph(small_graph(), tmp_path / "one.json", "a-slug")
    write_graph(small_graph(), tmp_path / "two.json", "a-slug")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_a_self_hosted_dictionary_leaves_the_schema_version_out(tmp_path):
    _, values = written(tmp_path, small_graph(), feature_url="https://example.org/features")
    assert "schema_version" not in values["metadata"]
    details = {"feature_json_base_url": "https://example.org/features"}
    assert values["metadata"]["feature_details"] == details


def test_warnings_name_what_a_viewer_cannot_draw(tmp_path):
    nodes = node_table([(F, 0, 0, 1, 1.0, ""), (T, -1, 0, 5, 0.0, "")])
    flat = graph_from_edges(nodes, [0], {(0, 1): 1.0})
    warnings = write_graph(flat, tmp_path / "flat.json", "flat")
    assert [warning.split(":")[0] for warning in warnings] == [
        "no node lies above layer 0",
        "the graph has no logit",
        "smaller than 1 KiB when packed",
    ]


@pytest.mark.parametrize("slug", ["", "a", "a b", "a/b", "ä" * 3])
def test_a_slug_that_the_server_refuses_is_refused(tmp_path, slug):
    with pytest.raises(BadInput, match="slug"):
        write_graph(small_graph(), tmp_path / "graph.json", slug)


def test_when_another_tool_removed_a_link_our_block_is_set_aside_and_said_so(tmp_path):
    path, values = written(tmp_path, small_graph())
    values["links"].pop()
    path.write_text(json.dumps(values), "utf-8")
    imported = read_imported(path)
    assert imported.graph.row_totals is None
    assert not len(imported.graph.nodes_of(NodeKind.CONSTANT))
    assert "changed since this atlas wrote the file" in imported.repairs[0]
