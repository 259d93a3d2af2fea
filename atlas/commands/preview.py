"""`atlas preview`: the page of one entry, as the site will show it."""

from __future__ import annotations

from pathlib import Path

import click

from atlas.commands.output import library_option
from atlas.commands.serving import serve
from atlas.commands.turns import wait_option
from atlas.entries.library import Library
from atlas.files.only_run import Turn
from site_builder.address import circuit_page, feature_page
from site_builder.build import BuildSettings, build


@click.command(epilog="Example: atlas preview microworld-states-and-capitals")
@click.argument("entry", metavar="ID")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="0: a free one."
)
@click.option("--serve/--no-serve", "served", default=True, help="Whether to serve the page.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/preview"),
    show_default=True,
    help="Where the page and what it needs go.",
)
@wait_option
@library_option
def command(  # noqa: PLR0913  one parameter per option
    entry: str, port: int, served: bool, out: Path, turn: Turn, library: Path | None
) -> None:
    """Build the page of one circuit or feature (model/dictionary/layer-index), and serve it here.

    Other entries' pages are left out, so links to them lead nowhere.
    """
    settings = BuildSettings(
        out=out / "site",
        work=out / "work",
        results=Path("build/results"),
        search=False,
        only=entry,
        turn=turn,
    )
    built = build(Library.open(library), settings)
    page = feature_page(entry) if "/" in entry else circuit_page(entry)
    click.echo(f"The page is {built.folder / page}")
    if served:
        serve(built.folder, port, page)
