"""How `atlas check` prints problems: for people, for programs, for pull requests, for scanners."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from atlas.entries.checks import Report
from atlas.entries.library import Library
from atlas.entries.problems import Problem, Severity
from atlas.entries.rules.table import all_codes, severity_of
from site_builder.address import PROBLEM_CODES

GITHUB: dict[Severity, str] = {"error": "error", "warning": "warning", "information": "notice"}
SARIF: dict[Severity, str] = {"error": "error", "warning": "warning", "information": "note"}
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def explained_at(code: str, site_url: str = "") -> str:
    """Where the site explains a code: an address, or the page's path where no site is named."""
    return f"{site_url.rstrip('/')}/{PROBLEM_CODES}#{code}".lstrip("/")


def line(problem: Problem, root: Path, site_url: str = "") -> str:
    """The problem for people, its file named from the working directory, where an editor looks."""
    problem = dataclasses.replace(problem, file=os.path.relpath(root / problem.file))
    words = str(problem).removeprefix(problem.where + ": ")
    help_at = explained_at(problem.code, site_url)
    return f"{problem.where}: {severity_of(problem.code)} {words} [{help_at}]"


def as_json(library: Library, report: Report, site_url: str = "") -> dict[str, Any]:
    """The whole report as data."""
    return {
        "library": str(library.root),
        "checked": dict(report.checked),
        "problems": [
            {
                **dataclasses.asdict(problem),
                "severity": severity_of(problem.code),
                "explained_at": explained_at(problem.code, site_url),
            }
            for problem in report.problems
        ],
    }


def annotation(problem: Problem) -> str:
    """The problem as a workflow command of GitHub Actions, which shows it beside the line."""
    field = f"{problem.field}: " if problem.field else ""
    file = _escaped(problem.file).replace(":", "%3A").replace(",", "%2C")
    place = f"file={file},line={problem.line},col={problem.column},title={problem.code}"
    return f"::{GITHUB[severity_of(problem.code)]} {place}::{_escaped(field + problem.words)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def as_sarif(report: Report, site_url: str = "") -> dict[str, Any]:
    """The report in SARIF 2.1.0, which code scanners and editors read."""
    found = sorted({problem.code for problem in report.problems})
    codes = all_codes()
    rules = [
        {
            "id": code,
            "shortDescription": {"text": codes[code]},
            "helpUri": explained_at(code, site_url),
            "defaultConfiguration": {"level": SARIF[severity_of(code)]},
        }
        for code in found
    ]
    driver = {"name": "atlas check", "rules": rules}
    results = [_result(problem, found.index(problem.code)) for problem in report.problems]
    runs = [{"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}]
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": runs}


def _result(problem: Problem, rule: int) -> dict[str, Any]:
    place = {
        "artifactLocation": {"uri": problem.file, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": problem.line, "startColumn": problem.column},
    }
    field = f"{problem.field}: " if problem.field else ""
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": SARIF[severity_of(problem.code)],
        "message": {"text": field + problem.words},
        "locations": [{"physicalLocation": place}],
    }
