"""`atlas check`: every problem of the entries, each with its place and its remedy."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import click

from atlas.commands.check_formats import annotation, as_json, as_sarif, line
from atlas.commands.output import library_option, print_json
from atlas.entries.checks import Report, check
from atlas.entries.history import lost_ids
from atlas.entries.library import Library
from atlas.entries.repair import Repairs, repair
from atlas.entries.rules.table import REPAIRABLE
from atlas.errors import BadInput
from site_builder.tools import read_configuration


@click.command(epilog="Example: atlas check circuits/microworld-states-and-capitals")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@library_option
@click.option("--fix", is_flag=True, help="First write the files in their one form.")
@click.option("--history", is_flag=True, help="Also look for ids that were deleted.")
@click.option("--strict", is_flag=True, help="Exit with code 1 for warnings too.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="text for people, json for programs, github for annotations in a pull request, "
    "sarif for code scanners.",
)
def command(
    paths: tuple[Path, ...], library: Path | None, output_format: str, **wanted: bool
) -> None:
    """Check all entries, or those at or under PATHS; exit code 1 if there is an error.

    With --fix, keys come into the order of the schema, line ends and the first line are put right,
    and texts of several lines become blocks. Comments stay, and no value changes.
    """
    opened = Library.open(library)
    repairs = repair(opened, paths) if wanted["fix"] else Repairs((), ())
    for path in repairs.written:
        click.echo(f"formed {os.path.relpath(path)}", err=True)
    for error in repairs.refused:
        click.echo(f"atlas: {error}", err=True)
    report = check(opened, paths)
    if wanted["history"]:
        report = replace(report, problems=(*report.problems, *lost_ids(opened)))
    show(opened, report, output_format)
    if report.errors or repairs.refused or (wanted["strict"] and report.number("warning")):
        sys.exit(1)


def show(library: Library, report: Report, output_format: str) -> None:
    """Print a report in one of the formats."""
    site_url = _site_url(library)
    if output_format == "json":
        print_json(as_json(library, report, site_url))
    elif output_format == "sarif":
        print_json(as_sarif(report, site_url))
    else:
        for problem in report.problems:
            github = output_format == "github"
            click.echo(annotation(problem) if github else line(problem, library.root, site_url))
        click.echo(report.summary)
        codes = sorted({one.code for one in report.problems if one.code in REPAIRABLE})
        if codes:
            click.echo(f"`atlas check --fix` puts right: {', '.join(codes)}")


def _site_url(library: Library) -> str:
    """Where the site is published, if the library says so."""
    try:
        return str(read_configuration(library.root).get("site_url") or "")
    except BadInput:
        return ""
