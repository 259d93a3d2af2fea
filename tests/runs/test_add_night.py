"""Nights of several machines are one night, whatever the order in which they are added."""

import itertools
import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from click.testing import CliRunner

from atlas.commands.journal import command
from atlas.entries.journal import ClaimPoint, FreshPoint, Night, Point, read_journal, read_night
from atlas.errors import EntryError
from atlas.runs.add_night import add_night

NIGHT = date(2026, 3, 2)
EFFECT = ClaimPoint(0.5, (0.4, 0.6), 100, 0.5, 0.02)
FRESH = replace(EFFECT, fresh=FreshPoint(0.45, (0.3, 0.6), 200, "supported"))


def point(state: str, **claims: ClaimPoint) -> Point:
    return Point(NIGHT, state, "supported", (f"it is {state}",), claims)


def night(torch: str, hour: int, on: date = NIGHT, **entries: Point) -> Night:
    points = {name: replace(each, night=on) for name, each in entries.items()}
    ended = datetime(on.year, on.month, on.day, hour, tzinfo=UTC)
    return Night(on, ended, {"torch": torch, "machine": "Linux x86_64"}, points)


CPU = night(
    "2.13.0+cpu", 4, small=point("reproduced", effect=FRESH), large=point("skipped"),
    both=point("reproduced", effect=EFFECT), only_here=point("failing"),
)  # fmt: skip
GPU = night(
    "2.13.0", 12, small=point("reproduced", effect=EFFECT), both=point("drifted", effect=EFFECT),
    large=point("reproduced", effect=EFFECT),
)  # fmt: skip
AGAIN = night("2.13.0", 13, both=point("reproduced", effect=EFFECT), large=point("stale"))


def files(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("order", list(itertools.permutations([CPU, GPU, AGAIN])))
def test_machines_of_one_night_are_joined_in_any_order(tmp_path, order):
    for each in (*order, order[0]):
        add_night(tmp_path / "one", each)
    read = read_journal(tmp_path / "one")
    states = {name: each.state for name, each in read.latest.entries.items()}
    assert states == {
        "small": "reproduced", "large": "reproduced", "both": "drifted", "only_here": "failing",
    }  # fmt: skip
    assert read.latest.entries["small"].claims["effect"].fresh is not None
    assert read.latest.environment["torch"] == "2.13.0, 2.13.0+cpu"
    assert read.latest.published.hour == 13
    assert dict(read.histories) == {name: (each,) for name, each in read.latest.entries.items()}
    assert read_night(tmp_path / "one", NIGHT) == read.latest
    for each in (CPU, GPU, AGAIN):
        add_night(tmp_path / "other", each)
    assert files(tmp_path / "one") == files(tmp_path / "other")


def test_a_night_that_comes_late_stands_in_its_place(tmp_path):
    later = date(2026, 3, 3)
    add_night(tmp_path, CPU)
    add_night(tmp_path, night("2.13.0+cpu", 4, later, large=point("skipped")))
    add_night(tmp_path, GPU)
    read = read_journal(tmp_path)
    assert read.latest.night == later
    assert [(each.night, each.state) for each in read.histories["large"]] == [
        (NIGHT, "reproduced"), (later, "skipped"),
    ]  # fmt: skip
    assert read.environments[NIGHT]["torch"] == "2.13.0, 2.13.0+cpu"
    assert set(read_night(tmp_path, NIGHT).entries) == {"small", "large", "both", "only_here"}


def test_a_night_without_the_hour_at_which_it_ended_is_read(tmp_path):
    add_night(tmp_path, CPU)
    path = tmp_path / "nights" / "2026-03-02.jsonl"
    head, *lines = path.read_text().splitlines()
    old = {key: each for key, each in json.loads(head).items() if key != "published"}
    path.write_text("\n".join([json.dumps(old), *lines]) + "\n")
    assert read_night(tmp_path, NIGHT).published == datetime(2026, 3, 2, tzinfo=UTC)
    path.write_text("{}\n")
    with pytest.raises(EntryError, match="nightly-results"):
        read_night(tmp_path, NIGHT)


def run(*words):
    found = CliRunner().invoke(command, [*map(str, words)])
    assert found.exit_code == 0, found.output
    return found.output


def test_the_command_joins_what_another_machine_wrote(tmp_path):
    published, measured = tmp_path / "published", tmp_path / "measured"
    asked = ("join", "--journal", published, "--measured", measured)
    assert "holds no night" in run(*asked)
    assert not published.exists()
    add_night(published, CPU)
    add_night(measured, GPU)
    assert run(*asked) == "The night of 2026-03-02: 3 entries joined, 4 in all.\n"
    before = files(published)
    run(*asked)
    assert files(published) == before
    assert read_journal(published).latest.entries["large"].state == "reproduced"


def test_a_run_that_died_is_noticed_although_another_one_recorded_the_night(tmp_path):
    published, measured = tmp_path / "published", tmp_path / "measured"
    today = datetime.now(UTC).date()
    add_night(published, night("2.13.0+cpu", 4, today, small=point("reproduced")))
    asked = ("alarms", "--journal", published, "--measured", measured, "--died", "https://run")
    assert "open The nightly run died (gpu)" in run(*asked, "--runner", "gpu")
    issues = tmp_path / "issues.json"
    issues.write_text(
        '[{"number": 3, "body": "<!-- atlas-night:night-gpu -->"},'
        ' {"number": 4, "body": "<!-- atlas-night:night -->"}]'
    )
    add_night(measured, night("2.13.0", 12, today, small=point("reproduced")))
    told = run(*asked, "--runner", "gpu", "--open-issues", issues)
    assert told == "close The nightly run died (gpu)\n1 issues to change.\n"
    told = run(*asked, "--open-issues", issues)
    assert told == "close The nightly run died\n1 issues to change.\n"
