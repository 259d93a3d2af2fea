"""Calls `gh`, the repository host's own program.

It holds the credentials; nothing here sees them. Texts are handed over in files, never in words of
a shell.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from atlas.errors import RunError


def gh(*words: str) -> str:
    """What a command of gh prints; RunError, with its own last line, where it refuses."""
    return _run(["gh", *words])


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except FileNotFoundError as error:
        raise RunError(
            "repository host", "the program gh", "no such program", "see cli.github.com"
        ) from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["no reason given"]
        raise RunError(" ".join(command[:3]), "success", lines[-1][:300]) from error
    return done.stdout


@contextmanager
def text_file(text: str) -> Iterator[str]:
    """The path of a file that holds the text for a while."""
    with tempfile.TemporaryDirectory(prefix="atlas-issue-") as folder:
        path = Path(folder) / "body.md"
        path.write_text(text, encoding="utf-8")
        yield str(path)
