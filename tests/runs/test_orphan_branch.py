"""Publishing adds commits to a branch of a real git repository and touches nothing else."""

import subprocess
from pathlib import Path

import pytest

from atlas.errors import RunError
from atlas.runs.orphan_branch import JOURNAL, NOTEBOOKS, fetch, publish


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A checkout with one commit, an empty repository as its remote, and a folder of notebooks."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A curator")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "curator@example.org")
    checkout, remote, folder = (tmp_path / name for name in ("checkout", "remote", "filled"))
    for path in (checkout, remote, folder):
        path.mkdir()
    git(remote, "init", "--quiet", "--bare")
    git(checkout, "init", "--quiet", "--initial-branch=main")
    git(checkout, "remote", "add", "origin", str(remote))
    (checkout / "circuit.yaml").write_text("title: A circuit\n")
    git(checkout, "add", "circuit.yaml")
    git(checkout, "commit", "--quiet", "-m", "A circuit")
    (folder / "one.ipynb").write_text('{"cells": []}\n')
    (folder / "notes.txt").write_text("not a notebook\n")
    return checkout, remote, folder


def test_the_branch_holds_the_notebooks_and_nothing_else(places):
    checkout, remote, folder = places
    before = git(checkout, "log", "--branches", "--oneline")
    (checkout / "draft.yaml").write_text("title: not committed\n")
    commit = publish(NOTEBOOKS, folder, checkout, "origin")
    assert git(remote, "rev-parse", "notebooks") == commit
    assert git(remote, "ls-tree", "-r", "--name-only", commit) == "one.ipynb"
    assert git(remote, "show", f"{commit}:one.ipynb") == '{"cells": []}'
    assert git(checkout, "log", "--branches", "--oneline") == before
    assert git(checkout, "status", "--porcelain") == "?? draft.yaml"


def test_a_change_is_added_and_older_links_still_work(places):
    checkout, remote, folder = places
    first = publish(NOTEBOOKS, folder, checkout, "origin")
    (folder / "one.ipynb").write_text('{"cells": [], "metadata": {}}\n')
    second = publish(NOTEBOOKS, folder, checkout, "origin")
    assert git(remote, "rev-parse", "notebooks^") == first != second
    assert git(remote, "show", f"{first}:one.ipynb") == '{"cells": []}'


def test_publishing_the_same_again_adds_nothing(places):
    checkout, _, folder = places
    first = publish(NOTEBOOKS, folder, checkout, "origin")
    assert publish(NOTEBOOKS, folder, checkout, "origin") == first


def test_a_journal_comes_back_as_it_was_published(places, tmp_path):
    checkout, remote, _ = places
    assert fetch(JOURNAL, tmp_path / "none", checkout, "origin") == ""
    journal = tmp_path / "journal"
    (journal / "history").mkdir(parents=True)
    (journal / "latest.json").write_text("{}\n")
    (journal / "history" / "a--b.json").write_text("[]\n")
    (journal / ".half.unfinished").write_text("not yet")
    commit = publish(JOURNAL, journal, checkout, "origin")
    again = tmp_path / "again"
    assert fetch(JOURNAL, again, checkout, "origin") == commit
    found = {path.relative_to(again).as_posix() for path in again.rglob("*") if path.is_file()}
    assert found == {"latest.json", "history/a--b.json"}
    assert (again / "latest.json").read_text() == "{}\n"
    assert git(checkout, "status", "--porcelain") == ""
    assert git(remote, "branch", "--format=%(refname:short)") == "nightly-results"


def test_a_remote_that_is_not_there_is_one_clear_line(places):
    checkout, _, folder = places
    with pytest.raises(RunError, match="git ls-remote: expected success; found "):
        publish(NOTEBOOKS, folder, checkout, "elsewhere")
