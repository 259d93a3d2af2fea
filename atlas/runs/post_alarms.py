"""Opens, updates and closes the issues about nights on the repository host."""

from __future__ import annotations

import json

from atlas.entries.alarms import CLOSE, OPEN, UPDATE, Alarm, subject_of
from atlas.errors import MISSHAPEN, RunError
from atlas.runs.repository_host import gh, text_file

LABEL = "nightly"
MOST_ISSUES = "1000"  # that are looked through


def open_issues(repository: str) -> dict[str, int]:
    """The number of each open issue about a night, by its subject.

    Raises:
        RunError: `gh` is missing or refuses; with its own last line.
    """
    found = gh(
        "issue", "list", "--repo", repository, "--label", LABEL, "--state", "open",
        "--limit", MOST_ISSUES, "--json", "number,body",
    )  # fmt: skip
    try:
        listed = json.loads(found or "[]")
        numbers = {subject_of(each["body"] or ""): int(each["number"]) for each in listed}
    except MISSHAPEN as error:
        raise RunError("gh issue list", "a JSON list of issues", str(error)[:200]) from error
    return {subject: number for subject, number in numbers.items() if subject}


def post(alarm: Alarm, number: int | None, repository: str) -> str:
    """Do what an alarm asks for on the host; what was done, in words.

    Raises:
        RunError: `gh` is missing or refuses; with its own last line.
    """
    with text_file(alarm.body) as body:
        if number is None:
            gh("label", "create", LABEL, "--repo", repository, "--force")
            words = ["create", "--title", alarm.title, "--label", LABEL]
        else:
            words = ["edit", str(number)]
        gh("issue", *words, "--repo", repository, "--body-file", body)
    if alarm.action == CLOSE and number is not None:
        gh("issue", "close", str(number), "--repo", repository)
    if number is None:
        return f"{OPEN} a new issue: {alarm.title}"
    return f"{UPDATE if alarm.action == OPEN else alarm.action} issue {number}: {alarm.title}"
