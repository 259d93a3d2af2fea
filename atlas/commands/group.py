"""`atlas group`: propose the features of a part, to paste into a circuit."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from atlas.commands.output import format_option, library_option, print_json
from atlas.entries.library import Library
from atlas.entries.position import Position
from atlas.methods.group import GroupSettings, Member, group_features
from atlas.models.loading import load_dictionary, load_model


@click.command(
    epilog="Example: atlas group microworld-states-and-capitals --keyed-by state --position city"
)
@click.argument("circuit")
@click.option("--keyed-by", required=True, help="The entity whose values are told apart.")
@click.option("--position", default="last", show_default=True, help="last, any, or an entity.")
@click.option("--minimum-f1", default=0.8, show_default=True, help="Of firing as a test, 0 to 1.")
@click.option("--screened", default=8, show_default=True, help="Features per value to ablate.")
@click.option("--minimum-effect", default=0.0, show_default=True, help="Of an ablation, in logits.")
@click.option("--layer", "layers", multiple=True, type=int, help="Only these; repeat for several.")
@click.option("--most", default=4, show_default=True, help="Features per value to propose.")
@library_option
@format_option
def command(  # noqa: PLR0913  one parameter per option
    circuit: str,
    keyed_by: str,
    position: str,
    minimum_f1: float,
    screened: int,
    minimum_effect: float,
    layers: tuple[int, ...],
    most: int,
    library: Path | None,
    output_format: str,
) -> None:
    """Propose a part's features from the discovery rows of CIRCUIT.

    Screened by how well their firing predicts the entity's value, ranked by what the answer loses
    when each is ablated by itself.
    """
    opened = Library.open(library)
    entry = opened.circuits.find(circuit)
    rows = [row for row in opened.prompts(entry) if row.split == "discovery"]
    model = load_model(opened.root, entry.model)
    engine = (model, load_dictionary(opened.root, entry.model, entry.dictionary))
    settings = group_settings(
        keyed_by, position, minimum_f1, screened, minimum_effect, layers, most
    )
    found = group_features(engine, rows, settings)
    if output_format == "json":
        print_json({value: [asdict(member) for member in group] for value, group in found.items()})
    else:
        click.echo(as_yaml(found))


def group_settings(  # noqa: PLR0913  one parameter per option
    keyed_by: str,
    position: str,
    minimum_f1: float,
    screened: int,
    minimum_effect: float,
    layers: tuple[int, ...],
    most: int,
) -> GroupSettings:
    """The settings that the options of the command stand for."""
    place = Position.from_data(position if position in ("last", "any") else {"entity": position})
    return GroupSettings(keyed_by, place, minimum_f1, screened, most, minimum_effect, layers=layers)


def as_yaml(found: dict[str, tuple[Member, ...]]) -> str:
    """The proposal as the `features` of a part, with the figures as comments."""
    lines = ["features:"]
    for value, members in found.items():
        names = ", ".join(f"{member.layer}-{member.index}" for member in members)
        figures = "; ".join(f"F1 {m.f1:.2f}, effect {m.effect:.2f}" for m in members)
        lines.append(f'  "{value}": [{names}]  # {figures or "none found"}')
    return "\n".join(lines)
