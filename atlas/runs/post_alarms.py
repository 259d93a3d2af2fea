"""Opens, updates and closes issues on the repository host, through its own program `gh`.

`gh` holds the credentials; nothing here sees them. Texts are handed over in files, never in words
of a shell.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from atlas.entries.alarms import CLOSE, OPEN, UPDATE, Alarm, subject_of
from atlas.errors import RunError

LABEL = "nightly"
MOST_ISSUES = "1000"  # that are looked through


def open_issues(repository: str) -> dict[str, int]:
    """The number of each open issue about a night, by its subject.

    Raises:
        RunError: `gh` is missing or refuses; with its own last line.
    """
    found = _gh(
        "issue", "list", "--repo", repository, "--label", LABEL, "--state", "open",
        "--limit", MOST_ISSUES, "--json", "number,body",
    )  # fmt: skip
    try:
        listed = json.loads(found or "[]")
        numbers = {subject_of(each["body"] or ""): int(each["number"]) for each in listed}
    except (ValueError, KeyError, TypeError) as error:
        raise RunError("gh issue list", "a JSON list of issues", str(error)[:200]) from error
    return {subject: number for subject, number in numbers.items() if subject}


def post(alarm: Alarm, number: int | None, repository: str) -> str:
    """Do what an alarm asks for on the host; what was done, in words.

    Raises:
        RunError: `gh` is missing or refuses; with its own last line.
    """
    with tempfile.TemporaryDirectory(prefix="atlas-issue-") as folder:
        body = Path(folder) / "body.md"
        body.write_text(alarm.body, encoding="utf-8")
        if number is None:
            _gh("label", "create", LABEL, "--repo", repository, "--force")
            words = ["create", "--title", alarm.title, "--label", LABEL]
        else:
            words = ["edit", str(number)]
        _gh("issue", *words, "--repo", repository, "--body-file", str(body))
    if alarm.action == CLOSE and number is not None:
        _gh("issue", "close", str(number), "--repo", repository)
    if number is None:
        return f"{OPEN} a new issue: {alarm.title}"
    return f"{UPDATE if alarm.action == OPEN else alarm.action} issue {number}: {alarm.title}"


def _gh(*words: str) -> str:
    return _run(["gh", *words])


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except FileNotFoundError as error:
        raise RunError(
            "issues", "the program gh", "no such program", "see cli.github.com"
        ) from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["no reason given"]
        raise RunError(" ".join(command[:3]), "success", lines[-1][:300]) from error
    return done.stdout
