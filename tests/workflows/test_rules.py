"""Workflows hand a stranger's files no right and no secret, and do what can be done here too."""

import json
import re

import pytest

from tests.workflows.workflow_files import FOLDER, PATHS, REPOSITORY, commands, jobs, read, recipe

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
