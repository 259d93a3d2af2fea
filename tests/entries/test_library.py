import pickle
from pathlib import Path

import pytest

from atlas.entries.library import Library
from atlas.errors import BadInput, BrokenReference, EntryError, SchemaError
from tests.entries.sample_library import write_library


@pytest.fixture
def root(tmp_path):
    return write_library(tmp_path / "library")


def test_a_named_folder_comes_first(root):
    library = Library.open(root, start=Path("/"))
    assert (library.root, library.origin) == (root.resolve(), "option")
    assert "named by --library" in str(library)


def test_else_the_checkout_above_the_working_directory(root):
    library = Library.open(start=root / "circuits" / "from-city-to-capital")
    assert (library.root, library.origin) == (root.resolve(), "checkout")


def test_else_the_one_that_came_with_the_package(tmp_path):
    library = Library.open(start=tmp_path)
    assert library.origin == "package"
    assert (library.root / "vocabulary").is_dir()


def test_a_folder_without_entries_is_no_library(tmp_path):
    with pytest.raises(BadInput, match="expected a library"):
        Library.open(tmp_path)


def test_entries_are_found_by_id(root):
    library = Library.open(root)
    assert list(library.circuits) == ["another-circuit", "from-city-to-capital"]
    assert library.features["small/transcoders/1-10"].label == "Texas"
    assert library.models["small"].dictionary("transcoders").features == 64
    assert library.vocabularies["metrics"].term("probability").unit == "probability"
    assert library.redirects["circuits/old-name"] == "circuits/from-city-to-capital"


def test_listing_ids_reads_no_file(root):
    (root / "circuits/another-circuit/circuit.yaml").write_text("broken: [")
    library = Library.open(root)
    assert len(library.circuits) == 2
    with pytest.raises(SchemaError, match="E003"):
        library.circuits["another-circuit"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{file: prompts.jsonl", "{file: ../another-circuit/prompts.jsonl"),
        ("notebook: {name: ", "notebook: {name: ../"),
        ("id: from-city", "id: ../from-city"),
        ("id: from-city-to-capital", "id: another-circuit"),
    ],
)
def test_an_entry_whose_words_lead_elsewhere_is_not_read(root, old, new):
    path = root / "circuits/from-city-to-capital/circuit.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(EntryError, match="run `atlas check`"):
        Library.open(root).circuits["from-city-to-capital"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("circuits/../../../elsewhere", "circuits/old-name"), ("circuits/older", "../elsewhere")],
)
def test_redirects_that_lead_out_of_the_library_are_not_read(root, old, new):
    (root / "redirects.yaml").write_text(f"schema_version: 1\nredirects: {{{old}: {new}}}\n")
    with pytest.raises(SchemaError, match="a relative path inside the library"):
        _ = Library.open(root).redirects


def test_an_unknown_id_names_the_nearest(root):
    with pytest.raises(BrokenReference, match='did you mean "another-circuit"'):
        Library.open(root).circuits.find("another-circut")


def test_prompts_come_in_the_order_of_the_file(root):
    rows = Library.open(root).prompts("from-city-to-capital")
    assert [row.id for row in rows[:2]] == ["row-000", "row-001"]
    assert rows[0].entities["city"] == "Dallas"


def test_a_broken_row_is_named_with_its_line(root):
    path = root / "circuits/from-city-to-capital/prompts.jsonl"
    path.write_text('{"id": "a"}\n')
    with pytest.raises(SchemaError, match=r"prompts.jsonl:1: .*'split'"):
        Library.open(root).prompts("from-city-to-capital")


def test_machine_written_files_have_their_place(root):
    library = Library.open(root)
    circuit = library.circuits["from-city-to-capital"]
    assert library.graph_path(circuit) == root / "circuits/from-city-to-capital/graph.npz"
    assert library.baseline(circuit).name == "reproduction.json"
    feature = library.features["small/transcoders/1-10"]
    assert library.baseline(feature) == root / "features/small/transcoders/1-10.reproduction.json"


def test_a_library_and_its_entries_cross_processes(root):
    library = Library.open(root)
    circuit = library.circuits["from-city-to-capital"]
    again = pickle.loads(pickle.dumps(circuit))  # noqa: S301  our own bytes
    assert again == circuit
    assert pickle.loads(pickle.dumps(Library.open(root))).root == library.root  # noqa: S301


def test_a_keyed_part_gives_the_features_of_a_row(root):
    part = Library.open(root).circuits["from-city-to-capital"].part("state")
    assert [str(one) for one in part.features_for({"state": "California"})] == ["2-20", "2-21"]
    assert part.features_for({"state": "Ohio"}) == ()
    assert [str(one) for one in part.all_features] == ["1-10", "2-20", "2-21"]
