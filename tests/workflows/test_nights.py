"""The workflows' commands in their order, and what becomes of a night that died."""

import json
import subprocess

import pytest

from tests.workflows.workflow_files import FOLDER, commands


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", ["nightly", "nightly-gpu", "publish", "pull-request"])
def test_the_commands_run_in_order_on_a_copy(rehearsal, name):
    run, remote, issues = rehearsal
    for command in commands(FOLDER / f"{name}.yml"):
        if command == "make test":
            continue  # what runs this test
        done = run(command)
        if command == "make audit" and "NOT AUDITED" in done.stdout:
            assert done.returncode != 0  # no source of advisories is reached from here
            continue
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    if name in ("nightly", "nightly-gpu"):
        listed = subprocess.run(
            ["git", "-C", remote, "ls-tree", "-r", "--name-only", "nightly-results"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert "latest.json" in listed.stdout.split()
        assert len([each for each in listed.stdout.split() if each.startswith("history/")]) > 30


def test_a_night_that_died_is_an_issue_and_the_next_one_closes_it(rehearsal):
    run, _, issues = rehearsal
    died = run("make record-night || true")
    assert "open a new issue: The nightly run died" in died.stdout, died.stderr
    again = run("make record-night || true")
    assert "update issue 1: The nightly run died" in again.stdout, again.stderr
    code = (
        "from tests.site_builder.example_journal import write_journal; from pathlib import Path; "
        "import datetime, sys, tests.site_builder.example_journal as e; "
        "e.NIGHTS = int(sys.argv[2]); "
        "e.FIRST = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=8); "
        "write_journal(Path(sys.argv[1]), ['microworld-states-and-capitals'])"
    )
    before = run(f'.venv/bin/python -c "{code}" build/before 8; '
                 ".venv/bin/atlas journal publish --journal build/before")  # fmt: skip
    assert before.returncode == 0, before.stderr
    assert run(f'.venv/bin/python -c "{code}" build/nightly-results 9').returncode == 0
    night = run("make record-night")
    assert night.returncode == 0, night.stderr
    assert "1 entries joined" in night.stdout
    assert "close issue 1: The nightly run died" in night.stdout
    assert "open a new issue: microworld-states-and-capitals no longer reproduces" in night.stdout
    assert [each["state"] for each in json.loads(issues.read_text())] == ["closed", "open"]
    assert run("git ls-remote origin nightly-results").stdout
