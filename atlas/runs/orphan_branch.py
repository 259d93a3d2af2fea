"""Keeps a folder as a branch of a git repository that shares no history with the code.

Filled notebooks and the nightly journal are kept so. Links name the branches' commits, so commits
are added and never replaced.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from atlas.files.names import UNFINISHED
from atlas.files.only_run import Turn, inside, only_run
from atlas.files.whole import remove_unfinished
from atlas.runs.git_repository import Git, scratch_index


@dataclass(frozen=True)
class OrphanBranch:
    """A branch, and which files of a folder it holds."""

    name: str
    suffixes: tuple[str, ...]  # of the files that it holds; all else in the folder stays out
    files: str  # what they are called in messages


NOTEBOOKS = OrphanBranch("notebooks", (".ipynb",), "filled notebooks")
JOURNAL = OrphanBranch("nightly-results", (".json", ".jsonl"), "files of the nightly journal")


def publish(branch: OrphanBranch, folder: Path, repository: Path, remote: str) -> str:
    """Add the folder's files to the remote's branch as one commit; give the branch's commit.

    `repository` is a checkout, whose files and branches stay as they are; `remote` a name or an
    address that git knows. Where the branch already holds these very files, nothing is added.

    Raises:
        RunError: git is missing, or refuses; with its own last line.
    """
    git = Git(repository)
    parent = _published(git, branch, remote)
    files = sorted(path for path in folder.rglob("*") if path.suffix in branch.suffixes)
    tree = _write_tree(git, folder, files)
    if parent and git("rev-parse", f"{parent}^{{tree}}") == tree:
        return parent
    parents = ["-p", parent] if parent else []
    commit = git("commit-tree", tree, *parents, "-m", f"{len(files)} {branch.files}")
    git("push", "--quiet", remote, f"{commit}:refs/heads/{branch.name}")
    return commit


def fetch(branch: OrphanBranch, folder: Path, repository: Path, remote: str) -> str:
    """Write the files of the remote's branch into a folder; the branch's commit, "" without one.

    Each file appears whole, those at the top, which speak of the others, last.

    Raises:
        RunError: git is missing, or refuses; with its own last line.
        FolderInUse, CannotWrite: as `only_run`, which does not wait here.
    """
    git = Git(repository)
    commit = _published(git, branch, remote)
    with only_run(inside(folder), turn=Turn(wait=False)):
        remove_unfinished(folder)
        if not commit:
            return ""
        with (
            scratch_index() as environment,
            TemporaryDirectory(prefix=".", suffix=UNFINISHED, dir=folder.resolve()) as scratch,
        ):
            git("read-tree", commit, environment=environment)
            git("checkout-index", "--all", f"--prefix={scratch}/", environment=environment)
            _move_files(Path(scratch), folder)
    return commit


def _move_files(source: Path, folder: Path) -> None:
    files = sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file())
    for path in sorted(files, key=lambda each: len(each.parts), reverse=True):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        os.replace(source / path, folder / path)


def _published(git: Git, branch: OrphanBranch, remote: str) -> str:
    """The branch's commit on the remote, fetched; "" where there is no such branch."""
    reference = f"refs/heads/{branch.name}"
    listed = git("ls-remote", remote, reference)
    if not listed:
        return ""
    git("fetch", "--quiet", remote, reference)
    return listed.split()[0]


def _write_tree(git: Git, folder: Path, files: list[Path]) -> str:
    """The git tree of some of a folder's files, made beside the checkout's own index."""
    with scratch_index() as environment:
        for path in files:
            blob = git("hash-object", "-w", "--no-filters", str(path.resolve()))
            entry = f"100644,{blob},{path.relative_to(folder).as_posix()}"
            git("update-index", "--add", "--cacheinfo", entry, environment=environment)
        return git("write-tree", environment=environment)
