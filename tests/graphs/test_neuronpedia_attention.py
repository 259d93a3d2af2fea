"""The shared format's fields for QK tracing: written as published, read back, never guessed."""

from __future__ import annotations

import json

import jsonschema
import pytest

from atlas.errors import BadInput, GraphFormatError
from atlas.graphs.attention_json import score_values
from atlas.graphs.neuronpedia_json import ExportSettings, read_imported, write_graph
from tests.graphs.hand_graphs import C, E, F, L, T, a_header, graph_from_edges, node_table
from tests.graphs.hand_scores import small_score


def a_graph():
    """A graph of the prompt of `small_score`, with one of its features and without its error."""
    nodes = node_table(
        [
            (F, 0, 1, 7, 2.0, ""),
            (F, 1, 2, 3, 1.0, ""),
            (E, 0, 1, 0, 0.0, ""),
            (T, -1, 1, 9, 0.0, ""),
            (T, -1, 2, 8, 0.0, ""),
            (C, -1, -1, 0, 0.0, "encoder_bias"),
            (L, -1, 2, 3, 0.5, " c"),
        ]
    )
    header = a_header(tokens=("<s>", " a", " b"), token_ids=(1, 9, 8))
    edges = {(1, 0): 1.0, (6, 1): 0.5, (6, 2): 0.25, (1, 3): -0.5, (6, 4): 0.1, (1, 5): 0.2}
    return graph_from_edges(nodes, [1, 6], edges, header=header)


def written(tmp_path, *scores, name="graph.json"):
    path = tmp_path / name
    write_graph(a_graph(), path, "a-slug", ExportSettings(attention=scores))
    return path, json.loads(path.read_text("utf-8"))


def test_writing_reading_and_writing_again_is_the_identity(tmp_path):
    path, _ = written(tmp_path, small_score(), small_score(foil=0))
    imported = read_imported(path)
    assert imported.repairs == ()
    assert imported.graph.equals(a_graph())
    values = [score_values(score) for score in imported.attention]
    assert values == [score_values(small_score()), score_values(small_score(foil=0))]
    again, _ = written(tmp_path, *imported.attention, name="again.json")
    assert again.read_bytes() == path.read_bytes()


def test_the_fields_are_those_of_the_published_format(tmp_path, repository):
    _, values = written(tmp_path, small_score())
    schema = json.loads((repository / "schema/neuronpedia-graph.schema.json").read_text("utf-8"))
    for validator in (jsonschema.Draft202012Validator, jsonschema.Draft7Validator):
        assert list(validator(schema).iter_errors(values)) == []
    (head,) = [node for node in values["nodes"] if node["feature_type"] == "lorsa"]
    assert (head["layer"], head["ctx_idx"], head["node_id"]) == ("1", 2, "1_head3_2_1")
    assert head["clerp"] == 'Head 1.3: " b" to " a"'
    assert head["qk_tracing_results"] == {
        "pair_wise_contributors": [["0_7_1", "0_7_1", 2.0], ["E_9_1", "0_7_1", 2.0]],
        "top_q_marginal_contributors": [["0_7_1", 2.75], ["0_-1_2", 3.0]],
        "top_k_marginal_contributors": [["0_7_1", 5.0], ["E_9_1", 5.5]],
    }


def test_every_source_is_a_node_or_described_outside(tmp_path):
    _, values = written(tmp_path, small_score())
    known = {node["node_id"] for node in values["nodes"]}
    outside = values["qk_only_nodes"]
    assert outside.keys() == {"0_-1_2", "bias_decoder_bias"}
    assert all(name == node["node_id"] for name, node in outside.items())
    assert outside["bias_decoder_bias"]["feature_type"] == "bias"
    assert outside["0_-1_2"]["feature_type"] == "mlp reconstruction error"
    results = next(node for node in values["nodes"] if "qk_tracing_results" in node)
    for listed in results["qk_tracing_results"].values():
        for *ids, _ in listed:
            assert set(ids) <= known | outside.keys()


def test_no_score_no_fields(tmp_path):
    _, values = written(tmp_path)
    assert "qk_only_nodes" not in values and "attention" not in values["metadata"]["atlas"]


def test_a_score_that_another_tool_changed_is_left_out_and_said_so(tmp_path):
    path, values = written(tmp_path, small_score(), small_score(foil=0))
    head = next(node for node in values["nodes"] if node["node_id"] == "1_head3_2_1")
    head["qk_tracing_results"]["pair_wise_contributors"][0][2] = 9.0
    path.write_text(json.dumps(values), "utf-8")
    imported = read_imported(path)
    assert [score.place.foil for score in imported.attention] == [0]
    assert imported.repairs[0].startswith("1 attention scores were changed")
    assert imported.graph.equals(a_graph())


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(BadInput, match="twice"):
        written(tmp_path, small_score(), small_score())
    other = read_imported(written(tmp_path)[0]).graph
    object.__setattr__(other, "header", a_header(tokens=("<s>", " a", " c"), token_ids=(1, 9, 8)))
    with pytest.raises(BadInput, match="the graph's prompt"):
        write_graph(other, tmp_path / "x.json", "slug", ExportSettings(attention=(small_score(),)))
    path, values = written(tmp_path, small_score())
    values["metadata"]["atlas"]["attention"] = {"1_head3_2_1": {"format": "another"}}
    path.write_text(json.dumps(values), "utf-8")
    with pytest.raises(GraphFormatError, match="attention"):
        read_imported(path)
