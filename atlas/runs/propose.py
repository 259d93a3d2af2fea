"""Turns files that a form asked for into a pull request, or says on the issue what is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from atlas.runs.git_repository import Git, scratch_index
from atlas.runs.repository_host import gh, text_file

REMOTE = "origin"
BODY = """\
Written from the form in #{issue}. Closes #{issue}.

- A curator fills in parts and claims on this branch, or asks here; somebody else accepts it.
- Checks do not start by themselves on what a workflow proposes: close and reopen this once.
"""


@dataclass(frozen=True)
class Issue:
    """An issue of a repository on the host."""

    repository: str  # owner/name
    number: int


def propose(issue: Issue, root: Path, files: Sequence[Path], title: str) -> str:
    """Open a pull request that adds the files to main; what was done, in words.

    One issue has one pull request: where its branch is there already, nothing changes, because
    somebody may have worked on it. The checkout's own branch and index stay as they are.

    Raises:
        RunError: git or `gh` is missing or refuses; with its own last line.
    """
    branch = f"contribution-{issue.number}"
    git = Git(root)
    if git("ls-remote", REMOTE, f"refs/heads/{branch}"):
        return comment(issue, [f"There is a branch {branch} already: go on there."])
    with scratch_index() as environment:
        git("read-tree", "HEAD", environment=environment)
        for path in files:
            blob = git("hash-object", "-w", "--no-filters", str(path.resolve()))
            entry = f"100644,{blob},{path.relative_to(root).as_posix()}"
            git("update-index", "--add", "--cacheinfo", entry, environment=environment)
        tree = git("write-tree", environment=environment)
    commit = git("commit-tree", tree, "-p", "HEAD", "-m", title)
    git("push", "--quiet", REMOTE, f"{commit}:refs/heads/{branch}")
    with text_file(BODY.format(issue=issue.number)) as body:
        gh(
            "pr", "create", "--repo", issue.repository, "--head", branch, "--base", "main",
            "--title", title, "--body-file", body,
        )  # fmt: skip
    return f"proposed {branch}: {title}"


def comment(issue: Issue, lines: Sequence[str]) -> str:
    """Say something on the issue, in place of what was said there last; what was done, in words.

    The lines may quote a stranger, so they stand in a fence that they cannot close.

    Raises:
        RunError: `gh` is missing or refuses; with its own last line.
    """
    text = "\n".join(lines)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    with text_file(f"{fence}text\n{text}\n{fence}\n") as body:
        gh(
            "issue", "comment", str(issue.number), "--repo", issue.repository, "--edit-last",
            "--create-if-none", "--body-file", body,
        )  # fmt: skip
    return f"commented on issue {issue.number}"
