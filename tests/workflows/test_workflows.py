"""Workflows hand a stranger's files no right and no secret, and do what can be done here too."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.entries.filled_forms import filled

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / ".github" / "workflows"
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
ALLOWED = re.compile(r"make [a-z-]+( [A-Z]+=[a-z]+)*$|atlas [a-z -]+$")
WRITING = {
    ("contribution.yml", "propose"): {
        "contents": "write", "issues": "write", "pull-requests": "write",
    },
    ("nightly.yml", "record"): {"contents": "write", "issues": "write"},
    ("nightly-gpu.yml", "record"): {"contents": "write", "issues": "write"},
    ("publish.yml", "deploy"): {"pages": "write", "id-token": "write"},
}  # fmt: skip
# What a stranger decides: it may stand in the environment of a job, and nowhere else.
STRANGERS = re.compile(r"github\.event\.(issue|comment|pull_request|head_commit)\.(?!number\b)")
PATHS = sorted(FOLDER.glob("*.yml"))


def read(path: Path) -> dict:
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    value["on"] = value.pop(True, value.get("on"))  # YAML 1.1 reads the key as a truth value
    return value


def jobs(path: Path):
    return read(path)["jobs"].items()


def commands(path: Path) -> list[str]:
    return [step["run"] for _, job in jobs(path) for step in job["steps"] if "run" in step]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
class TestEachWorkflow:
    def test_every_action_is_pinned_by_its_hash(self, path):
        used = [step["uses"] for _, job in jobs(path) for step in job["steps"] if "uses" in step]
        assert used
        assert [each for each in used if not PINNED.match(each)] == []

    def test_it_may_read_and_named_jobs_alone_may_write(self, path):
        assert read(path)["permissions"] == {"contents": "read"}
        for name, job in jobs(path):
            assert job.get("permissions", {}) == WRITING.get((path.name, name), {})

    def test_it_does_only_what_can_be_done_here(self, path):
        assert [each for each in commands(path) if not ALLOWED.match(each)] == []

    def test_no_text_of_a_stranger_gets_into_a_shell(self, path):
        assert not any("${{" in each for each in commands(path))
        assert "pull_request_target" not in read(path)["on"]

    def test_what_a_stranger_wrote_stands_in_the_environment_only(self, path):
        for _, job in jobs(path):
            outside = {key: value for key, value in job.items() if key not in ("env", "if")}
            assert not STRANGERS.search(json.dumps(outside))
            asked = STRANGERS.findall(job.get("if", ""))
            assert len(asked) == job.get("if", "").count(".labels.*.name,")

    def test_what_a_stranger_wrote_never_runs_with_rights(self, path):
        if not {"pull_request", "pull_request_review"} & set(read(path)["on"]):
            return
        for _, job in jobs(path):
            assert "permissions" not in job
            assert job["runs-on"] == "ubuntu-24.04"  # never a machine of the project's own
        assert "secrets." not in path.read_text(encoding="utf-8")

    def test_each_job_ends(self, path):
        assert all(job["timeout-minutes"] <= 480 for _, job in jobs(path))


def test_a_baseline_counts_once_its_numbers_were_measured_again():
    """Everything is measured from nothing before the site is built, and a difference is red."""
    job = dict(jobs(FOLDER / "pull-request.yml"))["measure"]
    assert [step["run"] for step in job["steps"] if "run" in step] == [
        "make reproduce",
        "make site",
    ]
    assert "if" not in job
    assert not any("continue-on-error" in step or "cache" in str(step) for step in job["steps"])
    assert "atlas reproduce --all --jobs" in (REPOSITORY / "Makefile").read_text("utf-8")


def test_every_target_that_a_workflow_calls_exists():
    wanted = {each.split()[1] for path in PATHS for each in commands(path)}
    made = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    assert wanted <= made


def recipe(target: str) -> tuple[str, str]:
    """What a target of the Makefile waits for, and what it does."""
    text = (REPOSITORY / "Makefile").read_text("utf-8")
    found = re.search(rf"^{target}:([^#\n]*).*\n((?:\t.*\n)+)", text, re.MULTILINE)
    return found[1].strip(), found[2]


def test_what_holds_the_right_to_write_runs_no_notebook_and_installs_only_what_is_locked():
    checked = 0
    for (name, job), rights in WRITING.items():
        steps = dict(jobs(FOLDER / name))[job]["steps"]
        for command in (step["run"] for step in steps if "run" in step):
            waits_for, does = recipe(command.split()[1])
            assert waits_for == "$(BASE)/.installed"
            assert not re.search(r"reproduce|notebook|microworld|\$\(BIN\)", does)
            checked += "write" in rights.get("contents", "")
    assert checked == 3
    assert recipe("night")[0] == "$(INSTALLED)"  # which measures, and is not let in


def test_nights_of_both_machines_are_recorded_one_after_another_and_only_what_main_holds():
    records = [dict(jobs(FOLDER / f"{name}.yml"))["record"] for name in ("nightly", "nightly-gpu")]
    assert {each["concurrency"] for each in records} == {"nightly-results"}
    assert {each["runs-on"] for each in records} == {"ubuntu-24.04"}
    gpu = records[1]["if"].split(" && ")
    assert gpu == ["always()", "vars.GPU_RUNNER != ''", "github.event_name == 'schedule'"]
    uploads = [step["with"]["name"] for name in ("nightly", "nightly-gpu")
               for step in dict(jobs(FOLDER / f"{name}.yml"))["measure"]["steps"]
               if "upload-artifact" in step.get("uses", "")]  # fmt: skip
    downloads = [step["with"]["name"] for each in records for step in each["steps"]
                 if "download-artifact" in step.get("uses", "")]  # fmt: skip
    assert uploads == downloads == ["journal", "journal"]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_what_is_installed_is_locked_torch_included(path):
    """Where a target installs all, torch comes from the lock of PyPI's, not from any index."""
    wanted = [recipe(each.split()[1])[0] for each in commands(path)]
    if any("$(INSTALLED)" in each for each in wanted):
        words = read(path)["env"]["TORCH"].split()
        assert {"--no-deps", "--require-hashes"} < set(words)
        assert (REPOSITORY / words[-1]).is_file()


def environment_of(name: str) -> dict[str, str]:
    """What a workflow's jobs set, without what only the host knows."""
    told = [job.get("env", {}) for _, job in jobs(FOLDER / name)]
    return {key: value for each in told for key, value in each.items() if "${{" not in value}


GH = """#!{python}
import json, os, sys
path = os.environ["ISSUES"]
issues = json.load(open(path)) if os.path.exists(path) else []
words, value = sys.argv[1:], lambda name: sys.argv[sys.argv.index(name) + 1]
if words[:2] == ["issue", "list"]:
    print(json.dumps([each for each in issues if each["state"] == "open"]))
elif words[:2] == ["issue", "create"]:
    body = open(value("--body-file")).read()
    issues.append(dict(number=len(issues) + 1, body=body, title=value("--title"), state="open"))
elif words[:2] == ["issue", "edit"]:
    issues[int(words[2]) - 1]["body"] = open(value("--body-file")).read()
elif words[:2] == ["issue", "close"]:
    issues[int(words[2]) - 1]["state"] = "closed"
elif words[:2] == ["issue", "comment"]:
    issues.append(dict(number=int(words[2]), body=open(value("--body-file")).read(), state="said"))
elif words[:2] == ["pr", "create"]:
    body = open(value("--body-file")).read()
    issues.append(dict(title=value("--title"), head=value("--head"), body=body, state="proposed"))
elif words[:2] != ["label", "create"]:
    sys.exit("unknown: " + " ".join(words))
json.dump(issues, open(path, "w"))
"""


@pytest.fixture
def rehearsal(tmp_path):
    """Runs commands in a copy of the repository, with a remote and a repository host of its own."""
    copy, remote, tools = tmp_path / "copy", tmp_path / "remote.git", tmp_path / "tools"
    author = {f"GIT_{role}_{what}": "rehearsal@example.org" for role in ("AUTHOR", "COMMITTER")
              for what in ("NAME", "EMAIL")}  # fmt: skip

    def git(*words):
        return subprocess.check_output(["git", *words], text=True, env=os.environ | author)

    listed = git("-C", REPOSITORY, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (REPOSITORY / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, copy / name)
    git("init", "--quiet", "--initial-branch=main", copy)
    git("-C", copy, "add", "--all")
    git("-C", copy, "commit", "--quiet", "-m", "The working tree")
    git("clone", "--quiet", "--bare", copy, remote)
    git("-C", copy, "remote", "add", "origin", remote)
    tools.mkdir()
    (tools / "gh").write_text(GH.format(python=sys.executable), encoding="utf-8")
    (tools / "gh").chmod(0o755)
    binaries = copy / ".venv" / "bin"  # the packages are installed already; the code is the copy's
    binaries.mkdir(parents=True)
    for name in ("python", "atlas", "ruff", "mypy", "pip"):
        module = {"python": "", "pip": "-m pip"}.get(name, f"-m {name}")
        (binaries / name).write_text(f'#!/bin/sh\nexec {sys.executable} {module} "$@"\n')
        (binaries / name).chmod(0o755)
    (copy / ".venv" / ".installed").touch()
    (copy / "build").mkdir(exist_ok=True)
    (copy / "build" / "base-environment").symlink_to(copy / ".venv")
    # A make that runs the tests would have those inside speak of their folders.
    outside = {name: each for name, each in os.environ.items() if not name.startswith("MAKE")}
    environment = outside | {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(copy),
        "ISSUES": str(tmp_path / "issues.json"),
        "HOME": str(tmp_path),  # with no settings of git's
        **environment_of("nightly.yml"),
        "REPOSITORY": "example/atlas",
        "RUN": "https://example.org/runs/1",
    }

    def run(command: str, **more: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["bash", "-euc", command],
            cwd=copy,
            env=environment | more,
            capture_output=True,
            text=True,
        )

    return run, remote, tmp_path / "issues.json"


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
