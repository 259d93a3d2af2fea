"""Ids are never lost: a made history with a deletion is refused, and the real one has none."""

import os
import subprocess

import pytest
from click.testing import CliRunner

from atlas.commands.check import command as check_command
from atlas.commands.reviewer import command as reviewer_command
from atlas.entries.history import has_history, lost_ids, touched_since
from atlas.entries.library import Library
from atlas.errors import BadInput
from tests.entries.sample_library import write_library

AUTHOR = {f"GIT_{role}_{what}": "test@example.org" for role in ("AUTHOR", "COMMITTER")
          for what in ("NAME", "EMAIL")}  # fmt: skip
CIRCUIT = "circuits/another-circuit/circuit.yaml"
FEATURE = "features/small/transcoders/1-10.yaml"


def git(root, *words):
    environment = os.environ | AUTHOR | {"GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, check=True, capture_output=True, env=environment, text=True)


def commit(root):
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "a change")


@pytest.fixture
def root(tmp_path):
    made = write_library(tmp_path / "library")
    git(made, "init", "--quiet", "--initial-branch=main")
    commit(made)
    return made


def lost(root):
    return [problem.found for problem in lost_ids(Library.open(root))]


def delete(root, *names):
    for name in names:
        (root / name).unlink()


def test_a_whole_library_has_lost_nothing(root):
    assert has_history(Library.open(root))
    assert lost(root) == []


def test_a_deleted_entry_is_refused_before_and_after_the_commit(root):
    delete(root, CIRCUIT, FEATURE, "models/public.yaml", "resources/another-paper.yaml")
    wanted = ['no "circuits/another-circuit"', 'no "features/small/transcoders/1-10"',
              'no "models/public"', 'no "resources/another-paper"']  # fmt: skip
    assert lost(root) == wanted
    commit(root)
    assert lost(root) == wanted
    result = CliRunner().invoke(check_command, ["--library", str(root), "--history"])
    assert result.exit_code == 1
    assert "redirects.yaml:1:1: error E704 redirects: expected an entry or a" in result.output


def test_a_renamed_entry_needs_a_redirect(root):
    (root / "circuits/another-circuit").rename(root / "circuits/new-name")
    commit(root)
    assert lost(root) == ['no "circuits/another-circuit"']
    path = root / "redirects.yaml"
    path.write_text(path.read_text() + "  circuits/another-circuit: circuits/new-name\n")
    assert lost(root) == []


def test_an_id_of_the_time_before_publication_is_excused_by_name(root):
    delete(root, FEATURE)
    path = root / "redirects.yaml"
    path.write_text(path.read_text() + "never_published: [features/small/transcoders/1-10]\n")
    assert lost(root) == []


def test_what_lies_beside_an_entry_may_go(root):
    delete(root, "circuits/another-circuit/prompts.jsonl", "weights/model/config.json")
    commit(root)
    assert lost(root) == []


def test_without_a_history_nothing_can_be_said(tmp_path):
    library = Library.open(write_library(tmp_path / "library"))
    assert not has_history(library)
    with pytest.raises(BadInput, match="a repository with history"):
        lost_ids(library)


def test_a_shallow_clone_has_no_history(root, tmp_path):
    (root / CIRCUIT).write_text((root / CIRCUIT).read_text() + "\n")
    commit(root)
    git(root, "clone", "--quiet", "--depth=1", f"file://{root}", str(tmp_path / "shallow"))
    assert not has_history(Library.open(tmp_path / "shallow"))


def test_every_id_that_ever_existed_here_leads_somewhere(repository):
    library = Library.open(repository)
    if not has_history(library):
        pytest.skip("no git history here")
    assert [str(problem) for problem in lost_ids(library)] == []


class TestReviewer:
    @pytest.fixture
    def branch(self, root):
        git(root, "switch", "--quiet", "--create", "proposal")
        prompts = root / "circuits/from-city-to-capital/prompts.jsonl"
        prompts.write_text(prompts.read_text() + "\n")
        (root / FEATURE).write_text((root / FEATURE).read_text() + "\n")
        commit(root)
        git(root, "switch", "--quiet", "main")
        (root / CIRCUIT).write_text((root / CIRCUIT).read_text() + "\n")
        commit(root)
        git(root, "switch", "--quiet", "proposal")
        return root

    def accept(self, root, handle, since="main"):
        words = [handle, "--since", since, "--library", str(root)]
        return CliRunner().invoke(reviewer_command, words)

    def test_what_changed_on_the_branch_alone_counts(self, branch):
        assert list(touched_since(Library.open(branch), "main")) == [
            "circuits/from-city-to-capital", "features/small/transcoders/1-10",
        ]  # fmt: skip

    @pytest.mark.parametrize("handle", ["ada", "Ada"])
    def test_a_curator_may_not_accept(self, branch, handle):
        result = self.accept(branch, handle)
        assert result.exit_code == 1
        assert result.output.startswith(f"circuits/from-city-to-capital: {handle} is a curator")

    def test_anybody_else_may(self, branch):
        assert self.accept(branch, "grace").exit_code == 0

    @pytest.mark.parametrize("since", ["nowhere", "--output=x", ""])
    def test_a_commit_that_is_not_there_is_one_line(self, branch, since):
        result = self.accept(branch, "ada", since)
        assert isinstance(result.exception, BadInput)
        assert not (branch / "x").exists()
