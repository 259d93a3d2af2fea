"""`atlas trace`: the attribution graph of a prompt."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from atlas.commands.engine_options import engine_options, open_engine
from atlas.commands.output import format_option, library_option, print_json
from atlas.commands.target_options import TargetTexts, target_of, target_options
from atlas.commands.trace_report import lines, report
from atlas.errors import BadInput
from atlas.methods.attribute import AttributionSettings, attribute


@click.command(
    epilog="Example: atlas trace --model microworld --dictionary transcoders --out dallas.npz "
    '--prompt "the capital of the state containing Dallas is"'
)
@engine_options
@click.option("--prompt", required=True, help="Text, without the token that starts every prompt.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the graph (.npz)."
)
@target_options
@click.option(
    "--max-feature-nodes",
    type=click.IntRange(min=1),
    default=7500,
    show_default=True,
    help="How many features get a row, the most influential first.",
)
@click.option(
    "--until",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="MASS",
    help="Trace features, the most influential first, until at most this share of the influence "
    "(such as 0.01) ends at features without a row.",
)
@click.option(
    "--split-errors",
    is_flag=True,
    help="Split each error of a mixture of experts by expert.",
)
@click.option(
    "--top",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="How many features to print per position.",
)
@library_option
@format_option
def command(  # noqa: PLR0913  one parameter per option
    model: str,
    dictionary: str,
    device: str,
    prompt: str,
    out: Path | None,
    targets: tuple[str, ...],
    foil: str | None,
    positions: tuple[int, ...],
    features: tuple[str, ...],
    foil_feature: str | None,
    neurons: tuple[str, ...],
    directions: tuple[str, ...],
    routers: tuple[str, ...],
    max_feature_nodes: int,
    until: float | None,
    split_errors: bool,
    top: int,
    library: Path | None,
    output_format: str,
) -> None:
    """Trace a prompt: what each feature and each logit is made of.

    Everything that the target options name is explained in one graph.
    """
    target = target_of(
        TargetTexts(targets, foil, positions, features, foil_feature, neurons, directions, routers)
    )
    settings = AttributionSettings(
        target, max_feature_nodes, until=until, split_errors=split_errors
    )
    if out is not None and not out.parent.is_dir():
        raise BadInput("--out", "a file in an existing folder", str(out))
    engine = open_engine(model, dictionary, device, library)
    graph = attribute(*engine, prompt, settings, _progress if sys.stderr.isatty() else None)
    found = report(graph, top)
    if out is not None:
        graph.save(out)
        found["graph"] = str(out)
    if output_format == "json":
        print_json(found)
        return
    for line in lines(found):
        click.echo(line)
    if out is not None:
        click.echo(f"written to {out}")


def _progress(done: int, total: int) -> None:
    end = "\n" if done >= total else ""
    click.echo(f"\rtraced {done:,} of {total:,} rows", err=True, nl=False)
    click.echo(end, err=True, nl=False)
