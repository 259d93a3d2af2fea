"""A copy of the repository, in which commands of workflows run as they would on the host."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.workflows.workflow_files import REPOSITORY, environment_of

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
