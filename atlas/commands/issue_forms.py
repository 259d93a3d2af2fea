"""`atlas issue-forms`: writes the repository's issue forms from the schemas and vocabularies."""

from __future__ import annotations

from pathlib import Path

import click

from atlas.commands.output import library_option
from atlas.entries.drafts.forms import issue_forms
from atlas.entries.library import Library
from atlas.files.whole import write_whole


@click.command(epilog="Example: atlas issue-forms --out .github/ISSUE_TEMPLATE")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".github/ISSUE_TEMPLATE"),
    show_default=True,
    help="The folder of the forms.",
)
@library_option
def command(out: Path, library: Path | None) -> None:
    """Write the issue forms of the repository; run it after a change of schema or vocabulary."""
    out.mkdir(parents=True, exist_ok=True)
    for name, text in issue_forms(Library.open(library)).items():
        write_whole(out / name, text.encode())
        click.echo(f"wrote {out / name}")
