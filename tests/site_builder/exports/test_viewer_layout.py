"""The static layout is what viewers ask for, and every graph in it can be read back."""

import json

import pytest
from jsonschema import Draft202012Validator

from atlas.dashboards.circuit_tracer_features import read_feature
from atlas.entries.library import own_schema_folder
from atlas.errors import BadInput
from atlas.graphs.graph import AttributionGraph
from atlas.graphs.neuronpedia_ids import pair
from atlas.graphs.neuronpedia_read import read_imported
from site_builder.exports.viewer_layout import INDEX_FILE, write_layout
from site_builder.reading import read_site
from tests.site_builder.built_site import example_library

SUPPORTED = "microworld-states-and-capitals"


@pytest.fixture(scope="module")
def site():
    return read_site(example_library(), None, {})


@pytest.fixture(scope="module")
def layout(site, tmp_path_factory):
    return write_layout(site, tmp_path_factory.mktemp("viewer"))


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((own_schema_folder() / f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def read(path):
    return json.loads(path.read_text("utf-8"))


def test_every_file_is_valid_and_lies_where_the_list_and_the_graphs_say(site, layout):
    listed = read(layout.folder / INDEX_FILE)
    validator("viewer-index").validate(listed)
    with_graph = [each for each, record in site.circuits.items() if record.graph_file]
    assert [each["slug"] for each in listed["graphs"]] == with_graph
    assert layout.graphs == len(with_graph) > 5
    for each in listed["graphs"]:
        values = read(layout.folder / "graph_data" / f"{each['slug']}.json")
        validator("neuronpedia-graph").validate(values)
        assert values["metadata"]["scan"] == each["scan"]
        assert values["metadata"]["prompt_tokens"] == each["prompt_tokens"]


def test_features_lie_under_the_number_that_graphs_use(site, layout):
    paths = sorted((layout.folder / "features" / "microworld").glob("*.json"))
    assert len(paths) == layout.features > 0
    numbers = {
        pair(record.feature.layer, record.feature.index) for record in site.features.values()
    }
    for path in paths:
        values = read(path)
        validator("viewer-feature").validate(values)
        assert int(path.stem) in numbers
        assert read_feature(values, "microworld", 0).index == values["index"]
        assert values["clerp"]


def test_a_graph_reads_back_whole_with_its_parts_and_labels(site, layout):
    record = site.circuits[SUPPORTED]
    imported = read_imported(layout.folder / "graph_data" / f"{SUPPORTED}.json")
    graph = AttributionGraph.load(record.graph_file)
    assert imported.repairs == ()
    assert len(imported.graph.nodes) == len(graph.nodes)
    assert imported.graph.rows.nnz == graph.rows.nnz
    assert [part.label for part in imported.parts] == [part.label for part in record.circuit.parts]
    plural = site.features["microworld/transcoders/2-117"].feature.label
    values = read(layout.folder / "graph_data" / f"{SUPPORTED}.json")
    by_number = {node["feature"]: node["clerp"] for node in values["nodes"]}
    assert by_number[pair(2, 117)] == plural


def test_an_address_lets_neuronpedia_find_the_features(site, tmp_path):
    write_layout(site, tmp_path, "https://files.example/viewer")
    metadata = read(tmp_path / "graph_data" / f"{SUPPORTED}.json")["metadata"]
    details = metadata["feature_details"]
    assert details == {"feature_json_base_url": "https://files.example/viewer/features/microworld"}
    assert "schema_version" not in metadata
    write_layout(site, tmp_path)  # its own folder is written over


def test_a_folder_of_something_else_is_left_alone(site, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BadInput, match="--out"):
        write_layout(site, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
