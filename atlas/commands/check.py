"""`atlas check`: every problem of the entries, each with its place and its remedy."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import click

from atlas.commands.output import library_option, print_json
from atlas.entries.checks import Report, check
from atlas.entries.library import Library
from atlas.entries.problems import Problem


@click.command(epilog="Example: atlas check circuits/microworld-states-and-capitals")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@library_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="text for people, json for programs, github for annotations in a pull request.",
)
def command(paths: tuple[Path, ...], library: Path | None, output_format: str) -> None:
    """Check all entries, or those at or under PATHS; exit code 1 if there is any problem."""
    opened = Library.open(library)
    report = check(opened, paths)
    if output_format == "json":
        _print_json(opened, report)
    elif output_format == "github":
        for problem in report.problems:
            click.echo(annotation(problem))
        click.echo(report.summary)
    else:
        for problem in report.problems:
            click.echo(str(_from_here(problem, opened.root)))
        click.echo(report.summary)
    if report.problems:
        sys.exit(1)


def _print_json(library: Library, report: Report) -> None:
    print_json(
        {
            "library": str(library.root),
            "checked": dict(report.checked),
            "problems": [dataclasses.asdict(problem) for problem in report.problems],
        }
    )


def _from_here(problem: Problem, root: Path) -> Problem:
    """The problem with its file named from the working directory, where an editor looks."""
    return dataclasses.replace(problem, file=os.path.relpath(root / problem.file))


def annotation(problem: Problem) -> str:
    """The problem as a workflow command of GitHub Actions, which shows it beside the line."""
    field = f"{problem.field}: " if problem.field else ""
    message = f"{field}expected {problem.expected}; found {problem.found}; {problem.action}"
    file = _escaped(problem.file).replace(":", "%3A").replace(",", "%2C")
    place = f"file={file},line={problem.line},col={problem.column},title={problem.code}"
    return f"::error {place}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
