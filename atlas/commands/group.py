"""`atlas group`: propose the features of a part, to paste or write into a circuit."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from atlas.commands.check_formats import line
from atlas.commands.group_settings import command_of, group_settings
from atlas.commands.new import writable
from atlas.commands.output import format_option, library_option, print_json
from atlas.entries.checks import check
from atlas.entries.circuit import Circuit
from atlas.entries.drafts.add_part import ProposedPart, with_part
from atlas.entries.ids import LayerFeature
from atlas.entries.library import Library
from atlas.errors import BadInput
from atlas.files.whole import write_whole
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
@click.option("--write", "part", help="Write them into the draft, as a part of this id.")
@click.option("--label", help="Of the part that is written; its id where none is given.")
@click.option("--role", default="intermediate", show_default=True, help="Of the part, too.")
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
    part: str | None,
    label: str | None,
    role: str,
    library: Path | None,
    output_format: str,
) -> None:
    """Propose a part's features from the discovery rows of CIRCUIT.

    Screened by how well their firing predicts the entity's value, ranked by what the answer loses
    when each is ablated by itself.
    """
    opened = writable(library) if part else Library.open(library)
    entry = opened.circuits.find(circuit)
    if part:
        _check_writable(entry, part)
    rows = [row for row in opened.prompts(entry) if row.split == "discovery"]
    model = load_model(opened.root, entry.model)
    engine = (model, load_dictionary(opened.root, entry.model, entry.dictionary))
    settings = group_settings(
        keyed_by, position, minimum_f1, screened, minimum_effect, layers, most
    )
    found = group_features(engine, rows, settings)
    if part:
        proposed = _proposed(circuit, (part, label or part, role), settings, found)
        path = opened.circuit_folder(circuit) / "circuit.yaml"
        text = with_part(path.read_text(encoding="utf-8"), proposed, str(path))
        write_whole(path, text.encode())
        report = check(Library(opened.root, opened.origin), [path])
        for problem in report.problems:
            click.echo(line(problem, opened.root), err=True)
        click.echo(f"wrote the part {part} into {path}; {report.summary}", err=True)
    if output_format == "json":
        print_json({value: [asdict(member) for member in group] for value, group in found.items()})
    else:
        click.echo(as_yaml(found))


def _check_writable(entry: Circuit, part: str) -> None:
    """Refuse an entry that is no draft, and an id that is taken, before anything is computed."""
    if entry.lifecycle != "draft":
        action = "paste the proposal, so that the change is looked at"
        raise BadInput(f"circuit {entry.id}: lifecycle", "draft", entry.lifecycle, action)
    if part in {one.id for one in entry.parts}:
        raise BadInput("--write", f"an id that no part of {entry.id} has", part)


def _proposed(
    circuit: str,
    named: tuple[str, str, str],
    settings: GroupSettings,
    found: dict[str, tuple[Member, ...]],
) -> ProposedPart:
    """The part to write; `named` are its id, label and role."""
    part, label, role = named
    if not any(found.values()):
        raise BadInput("--write", "features to write", "none found", "lower --minimum-f1")
    return ProposedPart(
        id=part,
        label=label,
        role=role,
        position=settings.position,
        keyed_by=settings.keyed_by,
        found_by=command_of(circuit, settings),
        features={
            value: [LayerFeature(member.layer, member.index) for member in members]
            for value, members in found.items()
        },
        figures={value: _figures(members) for value, members in found.items()},
    )


def _figures(members: tuple[Member, ...]) -> str:
    figures = "; ".join(f"F1 {m.f1:.2f}, effect {m.effect:.2f}" for m in members)
    return figures or "none found"


def as_yaml(found: dict[str, tuple[Member, ...]]) -> str:
    """The proposal as the `features` of a part, with the figures as comments."""
    lines = ["features:"]
    for value, members in found.items():
        names = ", ".join(f"{member.layer}-{member.index}" for member in members)
        lines.append(f'  "{value}": [{names}]  # {_figures(members)}')
    return "\n".join(lines)
