"""Nights are recorded, read back, and ask for the right issues."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from atlas.entries.alarms import CLOSE, ENVIRONMENT, OPEN, UPDATE, alarms, marker, subject_of
from atlas.entries.freshness import Reproduction
from atlas.entries.journal import KEPT_NIGHTS, read_journal
from atlas.entries.library import Library
from atlas.errors import EntryError
from atlas.runs import record_night as recording
from atlas.runs.judge import judge
from atlas.runs.record_night import record_night
from atlas.runs.results import read_result

FIRST = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


@pytest.fixture
def nights(accepted_run, tmp_path):
    """Records a night: `nights(day, planted="drifted")`; the journal afterwards."""
    library, results, _ = accepted_run
    opened = Library.open(library)
    entry = opened.circuits.find("planted")
    outcome = judge(opened, entry, read_result(results / "planted"), 1.0)

    def record(day, copies=1, **states):
        outcomes = []
        for number in range(copies):
            name = "planted" if number == 0 else f"copy-{number}"
            state = Reproduction(states.get(name.replace("-", "_"), "reproduced"), ("a `reason`",))
            copied = outcome if number == 0 else replace(outcome, entry=replace(entry, id=name))
            outcomes.append(replace(copied, reproduction=state))
        record_night(opened, outcomes, tmp_path / "journal", FIRST + timedelta(days=day))
        return read_journal(tmp_path / "journal")

    return record


def test_a_folder_without_nights_has_no_journal(tmp_path):
    assert read_journal(tmp_path) is None


def test_what_is_recorded_is_read_back(nights, tmp_path):
    read = nights(0)
    point = read.latest.entries["planted"]
    assert (point.state, point.verdict) == ("reproduced", "partial")
    claim = point.claims["off-lowers"]
    assert claim.value == pytest.approx(claim.accepted)
    assert claim.tolerance > 0
    assert claim.interval[0] < claim.value < claim.interval[1]
    lines = (tmp_path / "journal/nights/2026-03-01.jsonl").read_text().splitlines()
    assert [list(json.loads(line))[0] for line in lines] == ["night", "entry"]


def test_sixty_nights_are_kept_and_a_night_counts_once(nights, tmp_path):
    for day in range(KEPT_NIGHTS + 3):
        nights(day)
    read = nights(KEPT_NIGHTS + 2, planted="failing")
    history = read.histories["planted"]
    assert len(history) == len(read.environments) == KEPT_NIGHTS
    assert [each.night for each in history] == sorted({each.night for each in history})
    assert history[-1].bad
    assert not history[-2].bad


def test_an_issue_opens_after_two_bad_nights_and_closes_after_three_good_ones(nights):
    said, is_open = [], []
    states = ["reproduced", "drifted", "reproduced", "drifted", "failing", "drifted"]
    for day, state in enumerate([*states, "reproduced", "reproduced", "reproduced", "reproduced"]):
        found = alarms(nights(day, planted=state), is_open)
        said.append([each.action for each in found])
        if OPEN in said[-1]:
            is_open = ["planted"]
        if CLOSE in said[-1]:
            is_open = []
    assert said == [[], [], [], [], [OPEN], [UPDATE], [], [], [CLOSE], []]


def test_an_issue_says_since_when_what_and_with_which_versions(nights, monkeypatch):
    monkeypatch.setattr(recording, "environment", lambda: {"torch": "2.12.0", "python": "3.11"})
    nights(0)
    monkeypatch.setattr(recording, "environment", lambda: {"torch": "2.13.0", "python": "3.11"})
    nights(1, planted="drifted")
    (alarm,) = alarms(nights(2, planted="drifted"), [])
    assert "since 2026-03-02" in alarm.body
    assert "- torch 2.12.0 → 2.13.0" in alarm.body
    assert "python" not in alarm.body
    assert "| `off-lowers` |" in alarm.body
    assert "a 'reason'" in alarm.body  # no text can end the fence
    assert subject_of(alarm.body) == "planted"


def test_many_that_turn_bad_at_once_are_one_issue(nights):
    nights(0, copies=40)
    few = {f"copy_{number}": "drifted" for number in range(1, 3)}
    assert alarms(nights(1, copies=40, **few), []) == []
    many = {f"copy_{number}": "drifted" for number in range(1, 7)}
    (first, *others) = alarms(nights(2, copies=40, **many), [])
    assert (first.action, first.subject) == (OPEN, ENVIRONMENT)
    assert "4 of 40 entries" in first.body
    assert [each.subject for each in others] == ["copy-1", "copy-2"]
    again = alarms(nights(3, copies=40, **many), [ENVIRONMENT, "copy-1", "copy-2"])
    assert {each.subject for each in again if each.action == OPEN} == {
        f"copy-{number}" for number in range(3, 7)
    }
    ended = alarms(nights(4, copies=40), [ENVIRONMENT])
    assert [(each.action, each.subject) for each in ended] == [(CLOSE, ENVIRONMENT)]


@pytest.mark.parametrize("body", ["", "hello", "<!-- atlas-night: -->", "x <!-- atlas-night:a -->"])
def test_other_issues_are_left_alone(body):
    assert subject_of(body) == ""
    assert subject_of(marker("features/a.b-c") + "\nwords") == "features/a.b-c"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"night": 3}', '{"night":"2026-03-01","environments":{},"entries":{}}']
)
def test_a_damaged_journal_is_one_line(nights, tmp_path, text):
    nights(0)
    (tmp_path / "journal" / "latest.json").write_text(text)
    with pytest.raises(EntryError, match="nightly-results") as caught:
        read_journal(tmp_path / "journal")
    assert "\n" not in str(caught.value)


def test_an_entry_with_a_name_that_no_file_can_have_has_no_history(nights, tmp_path):
    nights(0)
    path = tmp_path / "journal" / "latest.json"
    found = json.loads(path.read_text())
    found["entries"] |= {"n" * 300: next(iter(found["entries"].values()))}
    path.write_text(json.dumps(found))
    assert read_journal(path.parent).histories["n" * 300] == ()


def test_a_number_without_end_in_the_journal_is_one_line(nights, tmp_path):
    nights(0)
    path = tmp_path / "journal" / "latest.json"
    found = json.loads(path.read_text())
    points = [each for each in found["entries"].values() if each["claims"]]
    next(iter(points[0]["claims"].values()))["n"] = float("inf")
    path.write_text(json.dumps(found))
    with pytest.raises(EntryError, match="infinity"):
        read_journal(path.parent)
