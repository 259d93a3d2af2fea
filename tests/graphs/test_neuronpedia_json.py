"""The shared graph format: what we write comes back the same, what others wrote is read right."""

from __future__ import annotations

import json
from collections import Counter

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas.errors import AmbiguousNode, BadInput, GraphError, GraphFormatError
from atlas.graphs.graph import NodeKind
from atlas.graphs.neuronpedia_ids import pair, unpair
from atlas.graphs.neuronpedia_json import (
    ExportSettings,
    GraphPart,
    read_graph,
    read_imported,
    write_graph,
)
from atlas.graphs.prune import PruneSettings, prune
from atlas.graphs.scores import score
from tests.graphs.hand_graphs import E, F, L, T, a_header, graph_from_edges, node_table, small_graph
from tests.graphs.random_graphs import graph_settings, random_graph


def written(tmp_path, graph, **export):
    path = tmp_path / "graph.json"
    write_graph(graph, path, "a-slug", ExportSettings(**export))
    return path, json.loads(path.read_text("utf-8"))


# Writing ---------------------------------------------------------------------------------------


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


# Reading the dialects of others ----------------------------------------------------------------


def foreign_node(node_id, kind="cross layer transcoder", layer="0", position=1, **fields):
    return {
        "node_id": node_id,
        "feature": None,
        "layer": layer,
        "ctx_idx": position,
        "feature_type": kind,
        "jsNodeId": f"{node_id}-js",
        "clerp": "",
    } | fields


ERROR = "mlp reconstruction error"
LOGIT_FIELDS = {"feature": 22605, "clerp": 'Output " Austin" (p=0.439)', "token_prob": 0.4394}


def foreign_file(tmp_path, nodes=(), links=(), metadata=None, **blocks):
    values = {
        "metadata": {
            "slug": "s",
            "scan": "gemma-2-2b",
            "prompt_tokens": ["<bos>", " Dallas"],
            "prompt": "Dallas",
        }
        | (metadata or {}),
        "qParams": {},
        "nodes": [
            foreign_node("E_2_0", "embedding", "E", 0, feature=0),
            foreign_node("27_22605_1", "logit", "27", **LOGIT_FIELDS),
            *nodes,
        ],
        "links": [
            {"source": source, "target": target, "weight": weight}
            for source, target, weight in links
        ],
    } | blocks
    path = tmp_path / "foreign.json"
    path.write_text(json.dumps(values), "utf-8")
    return path


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


# Files that other people published -------------------------------------------------------------

PUBLISHED = {
    # name: (nodes, edges, features, logits, first words of each repair)
    "gemma_clt_fact-dallas-austin": (415, 4944, 304, 10, []),
    "gemma_clt_meow_small": (76, 374, 44, 10, []),
    "gemma_plt_3plus5": (558, 22789, 463, 8, []),
    # 124 zero weights, among them one self-link and 23 that lead backwards.
    "gemma_plt_ea-dallas": (352, 4440, 260, 10, ["124 links of weight 0"]),
    # 0_2_1 is feature 2 of layer 0 and the error of layer 2.
    "gemma_plt_mexico-peso-dollar": (829, 40249, 705, 10, ["1 ids, such as 0_2_1", "79 links"]),
    # Pins and supernodes hold display ids; no influence, no activations.
    "haiku_capital-state-dallas": (94, 2205, 71, 1, []),
    # Dense 16 x 16; what is cyclic in it has weight 0. No logits.
    "llama_clt_dallas-austin_16nodes-256links": (16, 101, 16, 0, ["155 links of weight 0"]),
    "llama_clt_dallas-austin_21nodes-1link": (21, 1, 0, 10, []),
    "llama_clt_dallas-austin_258": (258, 9603, 188, 10, []),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_files_are_read_whole_and_come_back_from_our_writer(shared_data, tmp_path, name):
    imported = read_imported(shared_data / "graphs" / f"{name}.json")
    graph = imported.graph
    nodes, edges, features, logits, repairs = PUBLISHED[name]
    assert (len(graph.nodes), graph.rows.nnz) == (nodes, edges)
    assert (len(graph.feature_nodes), len(graph.logit_nodes)) == (features, logits)
    assert len(imported.repairs) == len(repairs)
    for found, expected in zip(imported.repairs, repairs, strict=True):
        assert found.startswith(expected)
    if edges > 10_000:
        return  # writing adds seconds and no new case
    write_graph(graph, tmp_path / "again.json", imported.slug, ExportSettings(parts=imported.parts))
    again = read_imported(tmp_path / "again.json")
    assert again.graph.equals(graph)
    assert (again.parts, again.repairs) == (imported.parts, ())


def test_a_published_score_is_reproduced(shared_data):
    """The evolutionary pruning of this file stored its fitness, completeness, as the threshold."""
    path = shared_data / "graphs/gemma_plt_ea-dallas.json"
    published = json.loads(path.read_text("utf-8"))["metadata"]["node_threshold"]
    assert score(read_graph(path)).graph_completeness == pytest.approx(published, abs=1e-6)


def test_the_supernodes_of_a_published_graph_become_parts(shared_data):
    imported = read_imported(shared_data / "graphs/haiku_capital-state-dallas.json")
    sizes = {part.label: len(part.nodes) for part in imported.parts}
    assert sizes == {
        "capital": 9,
        "state": 5,
        "say a capital": 6,
        "Dallas": 10,
        "say Austin": 6,
        "Texas-related": 12,
    }
    kinds = Counter(int(imported.graph.nodes.kind[node]) for node in imported.pinned)
    assert kinds == {NodeKind.FEATURE: 48, NodeKind.LOGIT: 1}


def test_a_link_into_a_node_without_a_row_is_refused(tmp_path):
    path = tmp_path / "graph.json"
    write_graph(small_graph(), path, "small")
    value = json.loads(path.read_text())
    rows = value["metadata"]["atlas"]["rows"]
    del rows[value["links"][0]["target"]]
    path.write_text(json.dumps(value))
    with pytest.raises(GraphFormatError, match="a row for every target"):
        read_graph(path)
