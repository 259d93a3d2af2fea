"""Publishes a folder of notebooks as the branch `notebooks` of a git repository.

The branch holds filled notebooks and nothing else, and shares no history with the code. Colab
links name one of its commits, so commits are added and never replaced.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from atlas.errors import RunError

BRANCH = "notebooks"


def publish_notebooks(folder: Path, repository: Path, remote: str) -> str:
    """Add the folder's files to the remote's branch as one commit; give the branch's commit.

    `repository` is a checkout, whose files and branches stay as they are; `remote` a name or an
    address that git knows. Where the branch already holds these very files, nothing is added.

    Raises:
        RunError: git is missing, or refuses; with its own last line.
    """
    git = _Git(repository)
    reference = f"refs/heads/{BRANCH}"
    published = git("ls-remote", remote, reference)
    parent = published.split()[0] if published else ""
    if parent:
        git("fetch", "--quiet", remote, reference)
    tree = _write_tree(git, folder)
    if parent and git("rev-parse", f"{parent}^{{tree}}") == tree:
        return parent
    count = len(list(folder.glob("*.ipynb")))
    parents = ["-p", parent] if parent else []
    commit = git("commit-tree", tree, *parents, "-m", f"{count} filled notebooks")
    git("push", "--quiet", remote, f"{commit}:{reference}")
    return commit


def _write_tree(git: _Git, folder: Path) -> str:
    """The git tree of a folder's notebooks, made beside the checkout's own index."""
    with tempfile.TemporaryDirectory(prefix="atlas-publish-") as scratch:
        index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
        for path in sorted(folder.glob("*.ipynb")):
            blob = git("hash-object", "-w", "--no-filters", str(path.resolve()))
            entry = f"100644,{blob},{path.name}"
            git("update-index", "--add", "--cacheinfo", entry, environment=index)
        return git("write-tree", environment=index)


class _Git:
    """Runs git in one repository. Final."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository

    def __call__(self, *words: str, environment: dict[str, str] | None = None) -> str:
        """What a command prints, stripped."""
        command = ["git", "-C", str(self._repository), *words]
        try:
            done = subprocess.run(  # noqa: S603  git, with words of our own and the caller's remote
                command,
                env=os.environ | {"GIT_TERMINAL_PROMPT": "0"} | (environment or {}),
                capture_output=True,
                text=True,
                check=True,
            )
        except FileNotFoundError as error:
            raise RunError("publishing", "git", "no such program", "install git") from error
        except subprocess.CalledProcessError as error:
            lines = error.stderr.strip().splitlines() or ["no reason given"]
            raise RunError(f"git {words[0]}", "success", lines[-1][:300]) from error
        return done.stdout.strip()
