"""A second version of a format, made here: old files are read with a warning and can be edited."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from atlas.commands.check import command
from atlas.entries import checks, library, schema_validation
from atlas.entries.checks import check
from atlas.entries.form import formed
from atlas.entries.library import Library
from atlas.entries.migrations import MIGRATIONS, ChangeWord, Migration, RenameKey
from atlas.entries.resource import Checked, Resource
from tests.entries.sample_library import write_library

OLD = """\
# yaml-language-server: $schema=../schema/resource.schema.json
# about the file
schema_version: 1  # the first
id: some-paper
title: A paper
kind: paper  # or tool
# who wrote it
authors:  # in their order
  - Ada Example
url: https://example.org/paper
summary: Says something about circuits; the kind is paper.
topics: [circuit-tracing]
checked: {date: "2026-11-21", where: the page itself}
"""
NEW = """\
# yaml-language-server: $schema=../schema/resource.schema.json
# about the file
schema_version: 2  # the first
id: some-paper
title: A paper
kind: article  # or tool
# who wrote it
writers:  # in their order
  - Ada Example
url: https://example.org/paper
summary: Says something about circuits; the kind is paper.
topics: [circuit-tracing]
checked: {date: "2026-11-21", seen_at: the page itself}
"""
EDITS = (
    RenameKey(("authors",), "writers"),
    RenameKey(("checked", "where"), "seen_at"),
    ChangeWord(("kind",), {"paper": "article"}),
)


@dataclass(frozen=True, kw_only=True)
class NewChecked(Checked):
    where: str = ""
    seen_at: str = ""


@dataclass(frozen=True, kw_only=True)
class NewResource(Resource):
    writers: tuple[str, ...] = ()
    checked: NewChecked


def forget():
    for cached in (schema_validation.load_schema, schema_validation._fits,
                   schema_validation._validator):  # fmt: skip
        cached.cache_clear()


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A library whose resources are at version 2, with one file that is not."""
    made = write_library(tmp_path / "library")
    schema_path = made / "schema/resource.schema.json"
    schema = json.loads(schema_path.read_text())
    properties = schema["properties"]
    # Keeps its place among the keys.
    schema["properties"] = {
        "writers" if name == "authors" else name: value for name, value in properties.items()
    }
    definitions = schema["$defs"]
    definitions["schema_version"]["const"] = 2
    checked = definitions.get("checked", properties["checked"])
    checked["properties"]["seen_at"] = checked["properties"].pop("where")
    checked["required"] = ["date", "seen_at"]
    schema_path.write_text(json.dumps(schema))
    monkeypatch.setattr(schema_validation, "own_schema_folder", lambda: made / "schema")
    monkeypatch.setitem(checks.RECORDS, "resource", NewResource)
    monkeypatch.setattr(library, "Resource", NewResource)
    monkeypatch.setitem(MIGRATIONS, "resource", Migration(1, EDITS))
    forget()
    (made / "resources/some-paper.yaml").write_text(OLD)
    (made / "resources/another-paper.yaml").unlink()
    yield made
    forget()


def test_an_old_file_is_edited_and_keeps_its_comments(root):
    assert formed(OLD, "resource") == NEW
    assert formed(NEW, "resource") == NEW


def test_an_old_file_is_read_with_a_warning_at_its_place(root):
    (problem,) = check(Library.open(root)).problems
    assert str(problem) == (
        "resources/some-paper.yaml:3:17: E139 schema_version: expected the current version, 2; "
        "found 1; run `atlas check --fix`, which edits it and keeps its comments"
    )
    read = Library.open(root).resources["some-paper"]
    assert (read.writers, read.kind, read.checked.seen_at) == (
        ("Ada Example",), "article", "the page itself",
    )  # fmt: skip


def test_fix_writes_the_new_version(root):
    run = CliRunner()
    assert run.invoke(command, ["--library", str(root), "--strict"]).exit_code == 1
    assert run.invoke(command, ["--library", str(root), "--fix", "--strict"]).exit_code == 0
    assert (root / "resources/some-paper.yaml").read_text() == NEW


def test_what_else_is_wrong_with_an_old_file_is_said_where_it_stands(root):
    path = root / "resources/some-paper.yaml"
    path.write_text(OLD.replace("kind: paper", "kind: book"))
    found = [(one.code, one.line) for one in check(Library.open(root)).problems]
    assert found == [("E139", 3), ("E104", 6)]


def test_a_version_that_is_older_or_newer_is_refused(root):
    path = root / "resources/some-paper.yaml"
    for version in ("0", "3", '"1"', "1.5"):
        path.write_text(OLD.replace("schema_version: 1", f"schema_version: {version}"))
        codes = {one.code for one in check(Library.open(root)).errors}
        assert {"E104", "E101"} <= codes


def test_an_edit_that_makes_a_key_twice_is_refused(root):
    path = Path(root / "resources/some-paper.yaml")
    path.write_text(OLD.replace("# who wrote it", "writers: []"))
    assert [one.code for one in check(Library.open(root)).problems] == ["E005"]
    assert formed(path.read_text(), "resource") == path.read_text()
