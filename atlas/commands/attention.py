"""`atlas attention`: which heads carry something between two places of a circuit's prompts."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from atlas.commands.output import format_option, library_option, print_json, print_table
from atlas.entries.library import Library
from atlas.entries.position import Position
from atlas.errors import BadInput
from atlas.methods.rank_heads import HeadSettings, rank_heads
from atlas.models.loading import load_model


@click.command(
    epilog="Example: atlas attention microworld-subject-verb-agreement --key subject --top 5"
)
@click.argument("circuit")
@click.option("--key", required=True, help="What is looked at: an entity, last, or a number.")
@click.option("--query", default="last", show_default=True, help="The place that looks.")
@click.option(
    "--where", multiple=True, metavar="ENTITY=VALUE", help="Only rows with this value; repeatable."
)
@click.option("--top", default=10, show_default=True, help="How many heads to list.")
@library_option
@format_option
def command(  # noqa: PLR0913  one parameter per option
    circuit: str,
    key: str,
    query: str,
    where: tuple[str, ...],
    top: int,
    library: Path | None,
    output_format: str,
) -> None:
    """Rank the heads by what the answer loses when they cannot look from QUERY to KEY.

    Measured on the discovery rows of CIRCUIT, one head at a time, everything else live. Positions
    may be numbers: the starting token is 0, negative ones count from the end.
    """
    opened = Library.open(library)
    entry = opened.circuits.find(circuit)
    rows = [row for row in opened.prompts(entry) if row.split == "discovery"]
    settings = HeadSettings(_place(key), _place(query), _values(where))
    found = rank_heads(load_model(opened.root, entry.model), rows, settings)[: max(top, 0)]
    if output_format == "json":
        print_json([asdict(one) for one in found])
        return
    print_table(
        ["head", "attention", "the answer's lead loses"],
        [
            [f"{one.layer}.{one.head}", f"{one.attention:.3f}", f"{one.effect:+.3f} logits"]
            for one in found
        ],
    )


def _place(word: str) -> Position:
    """The place that a word of the command line means."""
    if word == "any":
        raise BadInput("--key or --query", "one position", "any")
    if word.lstrip("-").isdecimal():
        return Position("index", index=int(word))
    return Position.from_data("last" if word == "last" else {"entity": word})


def _values(conditions: tuple[str, ...]) -> dict[str, str]:
    """The entities' values that rows must have."""
    pairs = [condition.partition("=") for condition in conditions]
    for name, sign, value in pairs:
        if not (name and sign):
            raise BadInput("--where", "entity=value", repr(name + sign + value))
    return {name: value for name, _, value in pairs}
