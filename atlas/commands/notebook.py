"""`atlas notebook`: write entries' filled notebooks."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from atlas.commands.output import library_option
from atlas.commands.reproduce import default_results
from atlas.commands.turns import wait_option
from atlas.entries.library import Library
from atlas.files.only_run import Turn
from atlas.files.refusal import writing
from atlas.files.whole import write_whole
from atlas.runs.keys import folder_name
from atlas.runs.orphan_branch import NOTEBOOKS
from atlas.runs.orphan_branch import publish as publish_branch
from atlas.runs.plan import Choice
from atlas.runs.reproduce import ReproduceSettings, reproduce
from atlas.runs.results import NOTEBOOK_FILE


@click.command(epilog="Example: atlas notebook microworld-states-and-capitals")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All active entries.")
@click.option("--model", default="", metavar="ID", help="Only entries on this model.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/notebooks"),
    show_default=True,
    help="The folder to write to; made where it is missing.",
)
@click.option(
    "--publish",
    default="",
    metavar="REMOTE",
    help="Then commit the folder's notebooks to this git remote's branch `notebooks`.",
)
@click.option(
    "--jobs", default=1, show_default=True, type=click.IntRange(1), help="Entries side by side."
)
@wait_option
@library_option
def command(  # noqa: PLR0913  one parameter per option
    ids: tuple[str, ...],
    everything: bool,
    model: str,
    out: Path,
    publish: str,
    jobs: int,
    turn: Turn,
    library: Path | None,
) -> None:
    """Write one filled notebook per entry: text, tables and pictures, ready to read or to publish.

    Entries that have not run since they changed are run first.
    """
    opened = Library.open(library)
    settings = ReproduceSettings(default_results(opened), jobs, turn=turn)
    choice = Choice(ids, everything, model=model)
    outcomes = reproduce(opened, choice, settings, lambda line: click.echo(line, err=True))
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    missing = 0
    for outcome in outcomes:
        name = folder_name(outcome.entry)
        source = settings.results / name / NOTEBOOK_FILE
        if outcome.error is not None or not source.is_file():
            click.echo(f"{outcome.entry.id}: {'; '.join(outcome.reproduction.reasons)}", err=True)
            missing += 1
            continue
        write_whole(out / f"{name}.ipynb", source.read_bytes())
        click.echo(str(out / f"{name}.ipynb"))
    if missing:
        sys.exit(1)
    if publish:
        commit = publish_branch(NOTEBOOKS, out, opened.root, publish)
        click.echo(f"{commit}\nBuild the site with: atlas site build --notebooks-commit {commit}")
