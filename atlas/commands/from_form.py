"""`atlas from-form`: the entry that a filled issue form asks for, or what is wrong with it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from atlas.commands.output import library_option
from atlas.entries.drafts.from_form import write_from_form
from atlas.entries.library import Library
from atlas.entries.text import printable
from atlas.entries.yaml_source import MOST_BYTES
from atlas.errors import BadInput
from atlas.runs.propose import Issue, comment, propose

BODY = "ISSUE_BODY"  # the variable of the environment that holds an issue's text


@click.command(epilog="Example: atlas from-form issue.md --author ada")
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@click.option("--author", default="", metavar="HANDLE", help="Who opened the issue.")
@click.option(
    "--post",
    "repository",
    default="",
    metavar="OWNER/NAME",
    help="Open a pull request there through `gh`, or say on the issue what is wrong.",
)
@click.option("--issue", type=click.IntRange(min=1), help="The issue's number, with --post.")
@library_option
def command(
    file: Path | None, author: str, repository: str, issue: int | None, library: Path | None
) -> None:
    """Write the draft that FILE, an issue made by a form, asks for.

    Without FILE the text is taken from the environment's ISSUE_BODY.
    """
    if repository and issue is None:
        raise click.UsageError("--post needs --issue")
    opened = Library.open(library)
    written = write_from_form(opened, _body(file), author)
    if repository and issue is not None:
        where = Issue(repository, issue)
        if written.reasons:
            click.echo(comment(where, written.reasons))
        else:
            click.echo(propose(where, opened.root, written.files, written.title))
        return
    for reason in written.reasons:
        click.echo(printable(reason))
    for path in written.files:
        click.echo(f"wrote {path}")
    if written.reasons:
        sys.exit(1)


def _body(file: Path | None) -> str:
    if file is None:
        if BODY not in os.environ:
            raise BadInput("from-form", f"a file, or {BODY} in the environment", "neither")
        return os.environ[BODY]
    if file.stat().st_size > MOST_BYTES:
        raise BadInput(str(file), f"at most {MOST_BYTES:,} bytes", "more", "shorten the answers")
    return file.read_text(encoding="utf-8", errors="replace")
