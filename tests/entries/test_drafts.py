"""Forms ask what the schemas have, are up to date, and are read back as they were filled in."""

import json
import re

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas.commands.from_form import command
from atlas.entries.checks import check
from atlas.entries.document import value_at
from atlas.entries.drafts.answers import property_schema, value_of
from atlas.entries.drafts.fields import FIELDS, ROW
from atlas.entries.drafts.forms import MOST_CHARACTERS, issue_forms, read_form
from atlas.entries.drafts.from_form import write_from_form
from atlas.entries.library import Library
from atlas.entries.prompts import PromptRow
from atlas.entries.schema_validation import load_schema
from atlas.entries.yaml_source import read_yaml
from atlas.errors import BadInput
from tests.entries.filled_forms import GOOD, filled
from tests.entries.sample_library import write_library

ELSEWHERE = {
    "circuit": {
        "schema_version": "the same in every draft",
        "lifecycle": "a draft",
        "created": "the day of writing",
        "notebook": "the same for all circuits",
        "target": "the answer; changed with the graph",
        "prompts": "the file of the row that the form asks for",
        "superseded_by": "when it is deprecated",
        "reason": "when it is deprecated",
        "parts": "written in the pull request",
        "edges": "written in the pull request",
        "attention": "written in the pull request",
        "interventions": "written in the pull request",
        "claims": "written in the pull request",
        "related": "written in the pull request",
        "analogue_of": "written in the pull request",
    },
    "feature": {
        "schema_version": "the same in every draft",
        "lifecycle": "a draft",
        "created": "the day of writing",
        "notebook": "the same for all features",
        "superseded_by": "when it is deprecated",
        "reason": "when it is deprecated",
        "predicate": "written in the pull request",
        "score": "written in the pull request",
        "steering": "written in the pull request",
    },
}
KINDS = pytest.mark.parametrize("kind", FIELDS)
EVERYTHING = {
    "circuit": {
        "story": "First this.\n\n### A heading of one's own\n\n- then `that`",
        "dictionary": "transcoders",
        "languages": "en, es",
        "foil": "warm",
        "source": "some-paper",
        "where": 'figure 7: "x"',
        "handle": "grace",
        "orcid": "0000-0002-1825-0097",
        "model": "small",
    },
    "feature": {
        "source": "some-paper",
        "where": "figure 7",
        "handle": "grace",
        "orcid": "0000-0002-1825-0097",
        "model": "small",
        "index": "7",
    },
}


@pytest.fixture
def root(tmp_path):
    return write_library(tmp_path / "library")


def elements(repository, name):
    form = yaml.safe_load((repository / ".github/ISSUE_TEMPLATE" / name).read_text())
    return [each for each in form["body"] if each["type"] != "markdown"]


def test_the_forms_are_those_that_the_schemas_give(repository):
    folder = repository / ".github" / "ISSUE_TEMPLATE"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.yml")}
    assert written == issue_forms(Library.open(repository)), "run `atlas issue-forms`"


@KINDS
def test_every_question_goes_somewhere_and_every_property_is_asked_or_comes_from_elsewhere(kind):
    asked = {field.path[0] for field in FIELDS[kind] if field.path[0] != ROW}
    for field in FIELDS[kind]:
        assert property_schema(kind, field)["description"]
    assert asked | set(ELSEWHERE[kind]) == set(load_schema(kind)["properties"])
    assert not asked & set(ELSEWHERE[kind])
    paths = [field.path for field in FIELDS[kind]]
    assert len(set(paths)) == len(paths)


@KINDS
def test_a_form_has_every_question_once(kind, repository):
    found = elements(repository, f"new-{kind}.yml")
    assert [each["id"] for each in found] == [field.name for field in FIELDS[kind]]
    assert [each["attributes"]["label"] for each in found] == [one.label for one in FIELDS[kind]]
    for each in found:
        options = each["attributes"].get("options", [])
        assert (each["type"] == "dropdown") == bool(options)
        assert len(set(options)) == len(options)
        assert re.fullmatch(r"[a-z]+", each["id"])


def test_a_correction_can_be_about_any_property(repository):
    (field,) = [each for each in elements(repository, "correct-entry.yml") if each["id"] == "field"]
    wanted = {*load_schema("circuit")["properties"], *load_schema("feature")["properties"]}
    assert set(field["attributes"]["options"]) == wanted


@KINDS
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_filled_form_is_read_back_and_written_where_it_belongs(kind, line_end, root):
    wanted = GOOD[kind] | EVERYTHING[kind]
    found, answers = read_form(filled(kind, line_end, **EVERYTHING[kind]))
    assert found == kind
    assert answers == wanted
    written = write_from_form(Library.open(root), filled(kind, line_end, **EVERYTHING[kind]))
    assert written.reasons == ()
    data = read_yaml(written.files[0]).data
    for field in FIELDS[kind]:
        path = field.path
        if path[0] == ROW:
            row = json.loads(written.files[1].read_text())
            assert row[path[1]] == wanted[field.name]
            assert PromptRow.from_data(row).split == "discovery"
        else:
            place = (path[0], 0, *path[1:]) if path[0] in ("curators", "sources") else path
            assert value_at(data, place) == value_of(field, wanted[field.name]), field.name
    assert check(Library.open(root), written.files[:1]).problems == ()


@KINDS
def test_the_shortest_form_gives_a_draft_whose_curator_opened_the_issue(kind, root):
    body = filled(kind, model="small", **({"index": "7"} if kind == "feature" else {}))
    written = write_from_form(Library.open(root), body, "ada-l")
    assert written.title in ("New circuit: a-new-one", "New feature: small/transcoders/2-7")
    data = read_yaml(written.files[0]).data
    assert data["curators"] == [{"name": "Grace Example", "handle": "ada-l"}]
    assert check(Library.open(root)).errors == ()


WRONG = [
    ("no form", 'issue: expected the heading "Model"'),
    (filled("circuit") + "\n### Title\n\nAnother\n", 'found "Title" twice'),
    (filled("circuit", story="a\n### Title\nb"), 'found "Title" twice'),
    (filled("circuit").replace("### Domain", "### domain"), 'expected the heading "Domain"'),
    (filled("circuit", title="  "), "Title: expected an answer; found none"),
    (filled("circuit", id="../../etc"), "Circuit id: expected an id of lower-case words"),
    (filled("circuit", id="a\nb"), "Circuit id: expected an id"),
    (filled("circuit", id="from-city-to-capital"), "an entry at circuits/from-city-to-capital"),
    (filled("circuit", id="old-name"), "expected an id that was never used"),
    (filled("circuit", id="some-paper"), "that of resources/some-paper.yaml"),
    (filled("circuit", model="micro\nid: x"), "Model: expected one of public, small"),
    (filled("circuit", dictionary="../x"), "Dictionary: expected an id"),
    (filled("circuit", dictionary="saes"), "E131 dictionary: expected a dictionary of"),
    (filled("circuit", domain="safety2"), 'Domain: expected one of language-structure'),
    (filled("circuit", title="a\u202eb"), "Title: expected visible characters; found \\u202e"),
    (filled("circuit", summary="short"), "Summary: expected at least 50 characters"),
    (filled("circuit", languages="en fr"), 'E206 languages[1]: expected a language of the model'),
    (filled("circuit", source="no-such"), "Source: expected the id of a file under resources/"),
    (filled("circuit", handle="a b"), "Your account name: expected an account name"),
    (filled("circuit", orcid="0000-0002-1825-0098"), "E137 curators[0].orcid"),
    (filled("circuit", answer="a\x00"), "Answer: expected visible characters; found \\x00"),
    (filled("circuit", prompt="<bos> a"), "E255 text: expected a text without the beginning"),
    (filled("feature", layer="two"), 'Layer: expected a whole number; found "two"'),
    (filled("feature", layer="9" * 300), "Layer: expected a number of at most 9999"),
    (filled("feature", layer="1", index="10"), "expected an id of its own; found an entry at"),
    (filled("feature", index="64"), "E302"),
    (filled("feature", index="+7"), "Index: expected a whole number"),
    ("x" * (MOST_CHARACTERS + 1), "expected at most 70,000 characters"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "reason"), WRONG)
def test_what_is_wrong_is_said_in_a_line_and_nothing_is_written(body, reason, root):
    before = sorted(root.rglob("*"))
    written = write_from_form(Library.open(root), body.replace("microworld", "small"))
    assert any(reason in each for each in written.reasons), written
    assert all("\n" not in each for each in written.reasons)
    assert sorted(root.rglob("*")) == before


def test_every_wrong_answer_is_said_at_once(root):
    body = filled("circuit", id="A", title="x" * 200, domain="y")
    written = write_from_form(Library.open(root), body)
    assert [each.split(":")[0] for each in written.reasons] == [
        "Circuit id", "Title", "Model", "Domain",
    ]  # fmt: skip


def test_the_command_prints_the_reasons_or_the_files(root, tmp_path):
    issue = tmp_path / "issue.md"
    issue.write_text(filled("circuit", model="small", title="x" * 200))
    run = CliRunner()
    result = run.invoke(command, [str(issue), "--library", str(root)])
    assert result.exit_code == 1
    assert result.output.startswith("Title: expected at most 100 characters; found 200")
    good = {"ISSUE_BODY": filled("circuit", model="small")}
    result = run.invoke(command, ["--library", str(root), "--author", "ada"], env=good)
    assert result.exit_code == 0, result.output
    assert result.output.count("wrote ") == 2
    with pytest.raises(BadInput, match="ISSUE_BODY"):
        run.invoke(command, ["--library", str(root)], catch_exceptions=False)


TEXTS = st.text(max_size=60) | st.sampled_from(["- [ ] a: b", "%YAML", "--- #", "'", "!!x", "*a"])


ANY = ("title", "story", "name", "where", "prompt", "foil")


@settings(max_examples=60, deadline=None)
@given(answers=st.fixed_dictionaries(dict.fromkeys(ANY, TEXTS)))
def test_any_text_is_refused_or_kept_as_it_is(tmp_path_factory, answers):
    root = tmp_path_factory.getbasetemp() / "any-text"
    if not root.exists():
        write_library(root)
    body = filled("circuit", "\n", model="small", **{**answers, "source": "some-paper"})
    written = write_from_form(Library.open(root), body)
    if written.files:
        data = read_yaml(written.files[0]).data
        assert data["title"] == answers["title"].strip() or not answers["title"].strip()
        for path in written.files:
            path.unlink()
        written.files[0].parent.rmdir()
    assert check(Library.open(root)).problems == ()
