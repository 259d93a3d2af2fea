"""`atlas journal` reads what nights came to, and says which issues they ask for."""

import json

import pytest
from click.testing import CliRunner

from atlas.commands.journal import command
from atlas.entries.alarms import marker
from atlas.errors import BadInput
from tests.site_builder.example_journal import DRIFTING, write_journal


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    return write_journal(tmp_path_factory.mktemp("nights") / "journal", [DRIFTING, "steady"])


def run(*arguments):
    return CliRunner().invoke(command, list(map(str, arguments)), catch_exceptions=False).output


def test_each_entry_is_shown_with_its_nights(journal):
    lines = run("show", "--journal", journal).splitlines()
    assert lines[1].split() == [DRIFTING, "drifted", "supported", "++++++!!!", "2026-01-07"]
    assert lines[2].split() == ["steady", "reproduced", "supported", "+++++++++"]


def test_an_open_issue_is_updated_under_its_number(journal, tmp_path):
    listed = tmp_path / "issues.json"
    listed.write_text(
        json.dumps([{"number": 3, "body": "other"}, {"number": 7, "body": marker(DRIFTING)}])
    )
    (opened,) = json.loads(run("alarms", "--journal", journal, "--format", "json"))
    assert (opened["action"], opened["number"]) == ("open", None)
    options = ["--journal", journal, "--open-issues", listed, "--format", "json"]
    (updated,) = json.loads(run("alarms", *options))
    assert (updated["action"], updated["number"], updated["subject"]) == ("update", 7, DRIFTING)
    assert "torch 2.12.0 → 2.13.0" in updated["body"]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"number": "x", "body": ""}]', "[" * 20000])
def test_a_list_of_issues_that_is_none_is_one_line(journal, tmp_path, text):
    listed = tmp_path / "issues.json"
    listed.write_text(text)
    if text == "{}":
        assert "1 issues" in run("alarms", "--journal", journal, "--open-issues", listed)
        return
    with pytest.raises(BadInput, match="a JSON list") as caught:
        run("alarms", "--journal", journal, "--open-issues", listed)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_journal_is_said(tmp_path):
    with pytest.raises(BadInput, match="atlas reproduce --journal"):
        run("show", "--journal", tmp_path)
