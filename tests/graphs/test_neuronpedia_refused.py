"""Graph files that cannot be read are refused in one line, whatever is changed in them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas.errors import GraphError, GraphFormatError
from atlas.graphs.neuronpedia_json import (
    ExportSettings,
    GraphPart,
    read_graph,
    read_imported,
    write_graph,
)
from tests.graphs.foreign_files import foreign_file, foreign_node
from tests.graphs.hand_graphs import small_graph


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (foreign_node("0_lor_3_1", "lorsa"), "attention features"),
        (foreign_node("0_error_attn_1", "lorsa error"), "attention features"),
        (foreign_node("0_bias_attn_bO_1", "bias"), "cannot be held yet"),
        (foreign_node("0_12_1", layer="E"), "a layer"),
        (foreign_node("0_12_1", layer="x"), "a layer or"),
        (foreign_node("0_12_1", layer=None), "whole number"),
        (foreign_node("0_12_1", layer=True), "whole number"),
        (foreign_node("0_12_1", layer="99999"), "within int16"),
        (foreign_node("0_12_1", position=2), "below 2, the number of tokens"),
        (foreign_node("0_12_1", position=1.5), "whole number"),
        (foreign_node("name", feature=None), "tells the index"),
        (foreign_node("name", feature="12"), "whole number"),
        (foreign_node("name", feature=2**40), "within int32"),
        (foreign_node("0_12_1", activation="high"), "finite number"),
        (foreign_node("0_12_1", activation=1e300), "within float32"),
        (foreign_node("E_2_0", "embedding", "E", 0), "each node once"),
        (foreign_node("x", "logit", "27", feature=3, token_prob=1.5), "a probability"),
        (foreign_node("x", "logit", "27"), "a vocabulary id"),
        ({"node_id": "x"}, "feature_type"),
        (3, "an object"),
    ],
)
def test_nodes_that_cannot_be_held_are_refused(tmp_path, node, message):
    with pytest.raises(GraphError, match=message) as caught:
        read_graph(foreign_file(tmp_path, [node]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "JSON"),
        ("[]", "a JSON object"),
        ("{}", "metadata"),
        ('{"metadata": {}, "nodes": [], "links": [NaN]}', "NaN is no JSON number"),
        ('{"metadata": {"scan": Infinity}}', "Infinity is no JSON number"),
        ("[" * 200_000, "JSON"),
        ('{"metadata": {}, "nodes": [], "links": []}', "prompt_tokens"),
        ('{"metadata": {"prompt_tokens": []}, "nodes": [], "links": []}', "scan"),
        ('{"metadata": {}, "nodes": [{"a": "\\ud800"', "JSON"),
    ],
)
def test_text_that_is_no_graph_is_refused(tmp_path, text, message):
    path = tmp_path / "broken.json"
    path.write_text(text, "utf-8")
    with pytest.raises(GraphFormatError, match=message) as caught:
        read_graph(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_a_missing_file_and_bytes_of_another_encoding_are_refused(tmp_path):
    with pytest.raises(GraphFormatError, match="No such file"):
        read_graph(tmp_path / "none.json")
    (tmp_path / "latin.json").write_bytes(b'{"metadata": "\xe9"}')
    with pytest.raises(GraphFormatError, match="JSON"):
        read_graph(tmp_path / "latin.json")


def test_a_link_into_a_node_without_a_row_is_refused(tmp_path):
    path = tmp_path / "graph.json"
    write_graph(small_graph(), path, "small")
    value = json.loads(path.read_text())
    rows = value["metadata"]["atlas"]["rows"]
    del rows[value["links"][0]["target"]]
    path.write_text(json.dumps(value))
    with pytest.raises(GraphFormatError, match="a row for every target"):
        read_graph(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def sound_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "graph.json"
    write_graph(small_graph(), path, "a-slug", ExportSettings(parts=(GraphPart("p", (0,)),)))
    return path, path.read_text("utf-8")


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_no_change_to_a_file_can_crash_the_reader(sound_file, data):
    path, text = sound_file
    values = json.loads(text)
    place = values
    while isinstance(place, (dict, list)) and place:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], (dict, list)) or data.draw(st.integers(0, 4)) == 0:
            place[key] = data.draw(json_values)
            break
        place = place[key]
    path.write_text(json.dumps(values), "utf-8")
    try:
        read_imported(path)
    except GraphError as problem:
        assert "\n" not in str(problem)
