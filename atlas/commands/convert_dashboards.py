"""`atlas convert-dashboards`: dashboards of other tools into ours, ours into theirs."""

from __future__ import annotations

from pathlib import Path

import click

from atlas.commands.output import format_option, print_result
from atlas.commands.turns import wait_option
from atlas.dashboards.dashboard_files import FileLayout, read_dashboards, write_dashboards
from atlas.errors import BadInput
from atlas.files.only_run import Turn, beside, only_run
from atlas.files.whole import whole_folder


@click.command(
    epilog="Example: atlas convert-dashboards neuronpedia_outputs/gpt2-small_res-jb --layout atlas "
    "--out dashboards/gpt2-small"
)
@click.argument("given", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--layout",
    type=click.Choice(["atlas", "saedashboard", "neuronpedia"]),
    required=True,
    help="Our JSON lines, SAEDashboard's batches, or the files of Neuronpedia's bulk export.",
)
@click.option(
    "--out",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    help="A folder that does not exist yet; written whole or not at all.",
)
@wait_option
@format_option
def command(given: Path, layout: FileLayout, folder: Path, turn: Turn, output_format: str) -> None:
    """Read dashboards from files of Neuronpedia, SAEDashboard or the atlas, and write others.

    What a format has no place for is left out: theirs have no counts behind a density.
    """
    with only_run(beside(folder), turn=turn):
        if folder.exists():
            raise BadInput(str(folder), "a folder that does not exist yet", "one that does")
        with whole_folder(folder) as unfinished:
            written = write_dashboards(unfinished, layout, read_dashboards(given))
    value = {"folder": str(folder), "features": written}
    print_result(output_format, value, f"{written:,} features written to {folder}")
