"""`atlas group --write` puts what it proposes into a draft, and touches nothing else."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from atlas.commands import group
from atlas.commands.find_again import sought_by
from atlas.entries.checks import check
from atlas.entries.library import Library
from atlas.errors import BadInput
from atlas.methods.group import Member
from tests.entries.sample_library import write_library
from tests.entries.test_add_part import draft


@pytest.fixture
def found():
    return {"Texas": (Member(1, 10, 0.95, 2.0, 1.5),), "Georgia": ()}


@pytest.fixture
def run(tmp_path, monkeypatch, found):
    """Runs the command on a library with a draft; the model's part is played by `found`."""
    root = write_library(tmp_path / "library")
    path = draft(root)
    monkeypatch.setattr(group, "load_model", lambda *_: None)
    monkeypatch.setattr(group, "load_dictionary", lambda *_: None)
    monkeypatch.setattr(group, "group_features", lambda *_: found)

    def invoke(circuit, *options):
        line = [circuit, "--keyed-by", "state", "--position", "city", "--library", str(root)]
        return CliRunner().invoke(group.command, [*line, *options], catch_exceptions=False)

    invoke.path = path
    return invoke


def test_the_proposal_is_written_into_the_draft(run):
    result = run("a-draft", "--write", "state", "--label", "the state")
    assert result.exit_code == 0
    assert "wrote the part state" in result.output
    library = Library.open(run.path.parents[2])
    assert check(library, [run.path]).errors == ()
    (part,) = library.circuits["a-draft"].parts
    assert (part.id, part.label, part.keyed_by, part.position.entity) == (
        "state", "the state", "state", "city",
    )  # fmt: skip
    assert [str(one) for one in part.features["Texas"]] == ["1-10"]
    assert part.features["Georgia"] == ()
    assert "F1 0.95, effect 1.50" in run.path.read_text()
    # The command that it names finds it again.
    sought = sought_by(part, "a-draft")
    assert (sought.keyed_by, sought.position, sought.most) == ("state", part.position, 4)


def test_without_write_nothing_changes(run):
    before = run.path.read_bytes()
    assert "1-10" in run("a-draft").output
    assert run.path.read_bytes() == before


def test_a_taken_id_and_an_active_circuit_are_refused(run):
    run("a-draft", "--write", "state")
    before = run.path.read_bytes()
    with pytest.raises(BadInput, match="an id that no part of a-draft has"):
        run("a-draft", "--write", "state")
    with pytest.raises(BadInput, match="expected draft; found active"):
        run("from-city-to-capital", "--write", "another")
    assert run.path.read_bytes() == before


def test_nothing_found_writes_nothing(run, found):
    found["Texas"] = ()
    with pytest.raises(BadInput, match="lower --minimum-f1"):
        run("a-draft", "--write", "state")
