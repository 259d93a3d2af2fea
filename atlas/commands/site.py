"""`atlas site`: build the website, or serve it on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from atlas.commands.output import format_option, library_option, print_result
from atlas.commands.serving import serve
from atlas.commands.turns import wait_option
from atlas.entries.library import Library
from atlas.errors import BadInput
from atlas.files.only_run import Turn, beside, only_run
from site_builder.build import BuildSettings, build
from site_builder.exports.viewer_layout import write_layout
from site_builder.reading import read_site


@click.group()
def command() -> None:
    """Build the website or serve it."""


@command.command("build", epilog="Example: atlas site build --out site")
@library_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("site"),
    show_default=True,
    help="Where the site goes; a site built before is replaced, any other folder is refused.",
)
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/results"),
    show_default=True,
    help="The cache of runs, for executed notebooks and the state of the latest run.",
)
@click.option(
    "--journal",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/nightly-results"),
    show_default=True,
    help="The nightly journal, for the status page: a checkout of the branch nightly-results.",
)
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build"),
    show_default=True,
    help="Where the site's source lies; it may be deleted at any time.",
)
@click.option(
    "--dashboards",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/dashboards"),
    show_default=True,
    help="Dashboards of every feature, as `atlas dashboard --layout site` writes them; the site is "
    "built without them where there are none.",
)
@click.option("--search/--no-search", default=True, help="Whether to write the search index.")
@click.option(
    "--notebooks-commit",
    default="",
    metavar="COMMIT",
    help="The commit of the branch `notebooks` that Colab links name; without it there are none.",
)
@wait_option
@format_option
def build_site(  # noqa: PLR0913  one parameter per option
    library: Path | None,
    out: Path,
    results: Path,
    journal: Path,
    work: Path,
    dashboards: Path,
    search: bool,
    notebooks_commit: str,
    turn: Turn,
    output_format: str,
) -> None:
    """Build the website from the entries and their accepted measurements."""
    opened = Library.open(library)
    settings = BuildSettings(
        out=out,
        work=work,
        results=results if results.is_dir() else None,
        journal=journal if journal.is_dir() else None,
        search=search,
        notebooks_commit=notebooks_commit,
        dashboards=dashboards if dashboards.is_dir() else None,
        turn=turn,
    )
    built = build(opened, settings, lambda words: click.echo(words, err=True))
    value = {
        "site": str(built.folder),
        "pages": built.pages,
        "circuits": built.circuits,
        "features": built.features,
        "models": built.models,
        "dictionaries": built.dictionaries,
    }
    text = (
        f"{built.pages} pages of {built.circuits} circuits, {built.features} features and "
        f"{built.models} models are in {built.folder}/\nLook at them with: atlas site serve"
    )
    if out != Path("site"):
        text += f" --site {out}"
    if not built.dictionaries:
        text += "\nNo dashboards of all features: `atlas dashboard --layout site` computes them"
    print_result(output_format, value, text)


@command.command("viewer-files", epilog="Example: atlas site viewer-files --out viewer")
@library_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="An empty folder, or one that this command wrote before.",
)
@click.option(
    "--address",
    default="",
    metavar="URL",
    help="Where the folder will be published, so that Neuronpedia finds the features as well.",
)
@wait_option
@format_option
def write_viewer_files(
    library: Path | None, out: Path, address: str, turn: Turn, output_format: str
) -> None:
    """Write every entry's graph as Anthropic's and circuit-tracer's viewers load them."""
    if address and not address.startswith("https://"):
        raise BadInput("--address", "an address that starts with https://", address)
    site = read_site(Library.open(library), None, {})
    with only_run(beside(out), turn=turn):
        written = write_layout(site, out, address)
    value = {"folder": str(out), "graphs": written.graphs, "features": written.features}
    text = f"{written.graphs} graphs and {written.features} features are in {out}/"
    print_result(output_format, value, text)


@command.command("serve", epilog="Example: atlas site serve --port 8000")
@click.option(
    "--site",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("site"),
    show_default=True,
    help="The built site.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: a free one."
)
def serve_site(site: Path, port: int) -> None:
    """Serve the built website on this machine, for this machine only."""
    serve(site, port)
