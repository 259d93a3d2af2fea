import os
import pty
import select
import sys
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from atlas.commands import new, questions
from atlas.commands.new import command
from atlas.entries.checks import check
from atlas.entries.drafts.new_file import LONGEST_ADDRESS
from atlas.entries.library import Library
from atlas.errors import BadInput, SchemaError
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
    assert output.splitlines()[0] == "wrote " + os.path.relpath(
        root / "circuits/rhyme-planning/circuit.yaml"
    )


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
    with pytest.raises(BadInput, match="an entry at circuits/from-city-to-capital"):
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
    with pytest.raises(BadInput, match='did you mean "small"'):
        run("circuit", "a-circuit", "--model", "smal")
    with pytest.raises(BadInput, match="a dictionary of small"):
        run("feature", "small/saes/1-1")
    with pytest.raises(SchemaError, match="feature id"):
        run("feature", "small/1-1")


ANSWERS = {
    "--title": 'Tokens: "quoted" # and more',
    "--domain": "safety",
    "--behaviour": "antonym",
    "--prompt": "The opposite of hot is",
    "--answer": "cold",
    "--name": "Ada: Example",
    "--handle": "on",
    "--orcid": "0000-0002-1825-0097",
}


def test_a_script_can_answer_everything(root, run):
    run("circuit", "opposites", "--yes", "--model", "small", *sum(ANSWERS.items(), ()))
    library = Library.open(root)
    circuit = library.circuits["opposites"]
    assert circuit.title == ANSWERS["--title"]
    assert (circuit.domain, circuit.behaviour) == ("safety", "antonym")
    assert circuit.curators[0].name == "Ada: Example"
    assert (circuit.curators[0].handle, circuit.curators[0].orcid) == ("on", "0000-0002-1825-0097")
    (row,) = library.prompts(circuit)
    assert (row.text, row.target, row.split) == (ANSWERS["--prompt"], "cold", "discovery")
    assert circuit.prompts.graph == row.id
    found = check(library).problems
    assert [(one.code, one.field) for one in found] == [("E138", "summary")]


@pytest.mark.parametrize(
    ("option", "answer", "reason"),
    [
        ("--title", "x" * 101, "at most 100 characters"),
        ("--domain", "safty", 'did you mean "safety"'),
        ("--handle", "not a handle", "an account name without @"),
        ("--orcid", "12", "an ORCID such as"),
        ("--prompt", "a\x1b[31m", "visible characters"),
    ],
)
def test_an_answer_that_cannot_stand_writes_nothing(root, run, option, answer, reason):
    before = sorted(root.rglob("*"))
    with pytest.raises(BadInput, match=reason):
        run("circuit", "opposites", "--model", "small", "--prompt", "x", option, answer)
    assert sorted(root.rglob("*")) == before


@pytest.fixture
def typed(root, monkeypatch):
    """Runs a command at what it takes for a terminal, with these lines typed in."""
    for module in (new, questions):
        monkeypatch.setattr(module, "at_terminal", lambda: True)
    monkeypatch.setattr(new, "name_in_git", lambda: "Grace Example")

    def run(kind, *arguments, lines):
        line = [kind, "--library", str(root), *arguments]
        return CliRunner().invoke(command, line, input="".join(f"{each}\n" for each in lines))

    return run


def test_questions_have_defaults_and_are_asked_again_with_the_reason(root, typed):
    lines = ["Two Words", "old-name", "from-city-to-capital", "opposites", "Opposites", "smal",
             "small", "", "antonyms", "antonym", "Hot and", "cold", "", "-", "grace"]  # fmt: skip
    result = typed("circuit", lines=lines)
    assert result.exit_code == 0, result.output
    said = [line for line in result.output.splitlines() if line.startswith("Not that:")]
    assert [line.split("found ")[1] for line in said] == [
        '"Two Words"; correct it.',
        '"circuits/old-name", now "circuits/from-city-to-capital"; choose another id.',
        "an entry at circuits/from-city-to-capital; edit it, or choose another id.",
        '"smal"; choose one of these (did you mean "small").',
        '"antonyms"; choose one of these (did you mean "antonym").',
        '"-"; correct it.',
    ]
    assert "  antonym  " in result.output
    library = Library.open(root)
    circuit = library.circuits["opposites"]
    assert (circuit.title, circuit.domain, circuit.behaviour) == (
        "Opposites", library.vocabularies["domains"].terms[0].id, "antonym",
    )  # fmt: skip
    assert (circuit.curators[0].name, circuit.curators[0].handle) == ("Grace Example", "grace")
    assert {one.code for one in check(library).problems} == {"E138"}


def test_enter_alone_gives_a_draft(root, typed):
    assert typed("circuit", "opposites", lines=[""] * 9).exit_code == 0
    assert typed("feature", "small/transcoders/2-7", lines=[""] * 9).exit_code == 0
    assert check(Library.open(root)).errors == ()
    assert Library.open(root).prompts("opposites") == ()


def test_who_stops_in_the_middle_leaves_nothing(root, typed):
    before = sorted(root.rglob("*"))
    assert typed("circuit", lines=["opposites", "Opposites"]).exit_code == 1
    assert sorted(root.rglob("*")) == before


def test_a_real_terminal_is_asked(root):
    child, terminal = pty.fork()
    if child == 0:
        words = ["-m", "atlas", "new", "feature", "small/transcoders/2-8", "--library", str(root)]
        os.execv(sys.executable, [sys.executable, *words])
    said, end = b"", time.monotonic() + 60
    while time.monotonic() < end and b"fill it in" not in said:
        if select.select([terminal], [], [], 0.5)[0]:
            try:
                said += os.read(terminal, 10_000)
            except OSError:
                break
            if said.rstrip().endswith(b":"):
                os.write(terminal, b"Ada\n")
    os.waitpid(child, 0)
    os.close(terminal)
    feature = Library.open(root).features["small/transcoders/2-8"]
    assert (feature.label, feature.curators[0].handle) == ("Ada", "Ada")


def test_the_library_of_the_package_is_not_written_into(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match="a checkout"):
        CliRunner().invoke(command, ["circuit", "a-circuit"], catch_exceptions=False)


def test_a_link_opens_the_same_text_in_the_hosts_editor(root, run):
    with pytest.raises(BadInput, match="set repo_url"):
        run("circuit", "opposites", "--model", "small", "--link")
    (root / "mkdocs.yml").write_text("repo_url: https://code.example/owner/atlas/\n")
    before = sorted(root.rglob("*"))
    address = run("circuit", "opposites", "--model", "small", "--link").output.strip()
    assert sorted(root.rglob("*")) == before
    parts = urlsplit(address)
    assert f"{parts.netloc}{parts.path}" == "code.example/owner/atlas/new/main/circuits/opposites"
    run("circuit", "opposites", "--model", "small")
    written = (root / "circuits/opposites/circuit.yaml").read_text()
    assert parse_qs(parts.query) == {"filename": ["circuit.yaml"], "value": [written]}
    with pytest.raises(BadInput, match="at most 7,500 characters"):
        run("circuit", "others", "--model", "small", "--link", "--name", "\U0001f600" * 290,
            "--title", "\U0001f600" * 100)  # fmt: skip


def test_the_explorer_bounds_addresses_alike(repository):
    script = repository / "site_builder/browser/graph/contributing/contribute_panel.js"
    assert f"const LONGEST_ADDRESS = {LONGEST_ADDRESS};" in script.read_text()
