"""What a stranger sends by a form, and who may accept it."""

import json
import subprocess

import yaml

from tests.entries.filled_forms import filled
from tests.workflows.workflow_files import FOLDER, commands, environment_of

HOSTILE = r'$(shell touch hacked) `touch hacked` $(touch hacked) ${{ 1 }} "; touch hacked; \ "'


def proposed(run, body: str, issue: int = 7) -> subprocess.CompletedProcess:
    environment = environment_of("contribution.yml")
    more = {"ISSUE": str(issue), "ISSUE_AUTHOR": "grace", "ISSUE_BODY": body, **environment}
    return run("make proposal", **more)


def test_a_form_becomes_a_pull_request_and_nothing_of_it_is_run(rehearsal):
    run, remote, issues = rehearsal
    body = filled("circuit", title=HOSTILE, story=f"{HOSTILE}\n\n@everyone")
    done = proposed(run, body)
    assert done.stdout.endswith("proposed contribution-7: New circuit: a-new-one\n"), done.stderr
    (pull,) = json.loads(issues.read_text())
    assert (pull["state"], pull["head"]) == ("proposed", "contribution-7")
    assert "Closes #7" in pull["body"]

    def git(*words):
        return subprocess.check_output(["git", "-C", str(remote), *words], text=True)

    listed = git("diff", "--name-status", "main", "contribution-7").splitlines()
    assert listed == ["A\tcircuits/a-new-one/circuit.yaml", "A\tcircuits/a-new-one/prompts.jsonl"]
    text = git("show", "contribution-7:circuits/a-new-one/circuit.yaml")
    assert yaml.safe_load(text)["title"] == HOSTILE
    assert yaml.safe_load(text)["curators"] == [{"name": "Grace Example", "handle": "grace"}]
    assert run("git status --porcelain --untracked-files=no").stdout == ""
    assert run("find . .. -maxdepth 1 -name hacked").stdout == ""
    again = proposed(run, body.replace("a-new-one", "another-one"))
    assert again.stdout.endswith("commented on issue 7\n"), again.stderr
    assert git("log", "--format=%s", "-1", "contribution-7") == "New circuit: a-new-one\n"


def test_a_form_that_is_wrong_gets_the_words_of_the_check_and_stops_itself_only(rehearsal):
    run, remote, issues = rehearsal
    done = proposed(run, filled("circuit", orcid="0000-0002-1825-0098"))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "commented on issue 7")
    (said,) = json.loads(issues.read_text())
    fence, problem, end = said["body"].splitlines()
    assert "E137 curators[0].orcid: expected an ORCID whose last digit follows" in problem
    assert (fence, end) == ("```text", "```")
    proposed(run, filled("circuit", handle="````\n@everyone"), 10)
    said = json.loads(issues.read_text())[-1]["body"].splitlines()
    assert (said[0], said[-1], len(said)) == ("`````text", "`````", 3)
    assert proposed(run, "no form at all", 8).returncode == 0
    assert proposed(run, filled("feature"), 9).stdout.endswith("/2-2000\n")
    branches = subprocess.check_output(["git", "-C", str(remote), "branch"], text=True)
    assert branches.split() == ["contribution-9", "*", "main"]


def test_who_wrote_an_entry_cannot_accept_it(rehearsal):
    run, _, _ = rehearsal
    (command,) = commands(FOLDER / "accepted.yml")
    changed = run(
        "git fetch --quiet origin && git switch --quiet --create proposal && "
        "echo '# checked again' >> circuits/microworld-quote-closing/circuit.yaml && "
        "git commit --quiet --all -m 'A change'"
    )
    assert changed.returncode == 0, changed.stderr
    own = run(command, REVIEWER="LLM-Circuits-Atlas")
    assert own.returncode != 0
    assert "is a curator of it; somebody else has to accept" in own.stdout, own.stderr
    other = run(command, REVIEWER="grace; touch hacked")
    assert other.returncode == 0, other.stderr
    assert run("find . -maxdepth 1 -name hacked").stdout == ""
