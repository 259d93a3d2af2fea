"""Runs git in a repository, with an index beside the checkout's own where files are committed."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from atlas.errors import RunError


@contextmanager
def scratch_index() -> Iterator[dict[str, str]]:
    """The environment in which git has an index of its own, so that the checkout's stays."""
    with tempfile.TemporaryDirectory(prefix="atlas-publish-") as scratch:
        yield {"GIT_INDEX_FILE": str(Path(scratch) / "index")}


class Git:
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
