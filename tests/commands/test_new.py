import pytest
from click.testing import CliRunner

from atlas.commands.new import command
from atlas.entries.checks import check
from atlas.entries.library import Library
from atlas.errors import BadInput, BrokenReference, SchemaError
from tests.entries.sample_library import write_library


@pytest.fixture
def root(tmp_path):
    return write_library(tmp_path / "library")


@pytest.fixture
def run(root):
    def invoke(kind, *arguments):
        line = [kind, "--library", str(root), *arguments]
        return CliRunner().invoke(command, line, catch_exceptions=False)

    return invoke


def test_a_new_circuit_passes_the_check_as_a_draft(root, run):
    output = run("circuit", "rhyme-planning", "--model", "small").output
    library = Library.open(root)
    circuit = library.circuits["rhyme-planning"]
    assert (circuit.lifecycle, circuit.model, circuit.dictionary) == (
        "draft",
        "small",
        "transcoders",
    )
    assert library.prompts(circuit) == ()
    assert {one.code for one in check(library).problems} == {"E138"}
    assert output.splitlines()[0] == f"wrote {root}/circuits/rhyme-planning/circuit.yaml"


def test_what_the_template_leaves_to_do_keeps_it_a_draft(root, run):
    run("circuit", "rhyme-planning", "--model", "small")
    path = root / "circuits/rhyme-planning/circuit.yaml"
    path.write_text(path.read_text().replace("lifecycle: draft", "lifecycle: active"))
    found = [problem.code for problem in check(Library.open(root)).problems]
    assert found.count("E135") == 4
    assert "E240" in found


def test_the_examples_in_the_template_fit_the_schema(root, run):
    run("circuit", "rhyme-planning", "--model", "small")
    path = root / "circuits/rhyme-planning/circuit.yaml"
    text = path.read_text().replace("# sources:\n#   -", "sources:\n  -")
    text = text.replace("circuit-tracer-paper", "some-paper")
    for name in ("parts", "edges", "interventions", "claims"):
        text = text.replace(f"{name}: []", f"{name}:")
    path.write_text(text.replace("\n#  ", "\n  ").replace("3-45", "3-4").replace("2-117", "2-11"))
    found = {problem.code for problem in check(Library.open(root)).problems}
    # No rows yet, and the example's edge names a part that is still to be written.
    assert found <= {"E210", "E138"}


def test_a_new_feature_passes_the_check_as_a_draft(root, run):
    run("feature", "small/transcoders/2-7")
    library = Library.open(root)
    assert library.features["small/transcoders/2-7"].lifecycle == "draft"
    assert check(library).errors == ()


def test_nothing_is_overwritten(root, run):
    path = root / "circuits/from-city-to-capital/circuit.yaml"
    before = path.read_bytes()
    with pytest.raises(BadInput, match="a path where nothing is yet"):
        run("circuit", "from-city-to-capital")
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["Two Words", "../escape", "a/b", "", "x" * 65, "a\n"])
def test_an_id_that_is_no_slug_writes_nothing(root, run, name):
    before = sorted(root.rglob("*"))
    with pytest.raises(BadInput, match="circuit id"):
        run("circuit", name)
    assert sorted(root.rglob("*")) == before


def test_an_id_that_was_renamed_is_not_used_again(run):
    with pytest.raises(BadInput, match="now .*from-city-to-capital"):
        run("circuit", "old-name")


def test_an_unknown_model_or_dictionary_is_refused(run):
    with pytest.raises(BrokenReference, match='did you mean "small"'):
        run("circuit", "a-circuit", "--model", "smal")
    with pytest.raises(BadInput, match="a dictionary of small"):
        run("feature", "small/saes/1-1")
    with pytest.raises(SchemaError, match="feature id"):
        run("feature", "small/1-1")
