"""`atlas list`: the entries of the library, a line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from atlas.commands.baselines import circuit_baseline
from atlas.commands.output import format_option, library_option, print_json, print_table
from atlas.entries.feature import Feature
from atlas.entries.library import Library
from atlas.entries.text import printable
from atlas.errors import EntryError

KINDS = ("circuits", "features", "models", "resources")
LONGEST_CELL = 60  # characters; a table stays readable in a terminal


@click.command(epilog="Example: atlas list circuits --domain reasoning --model microworld")
@click.argument("kind", type=click.Choice(KINDS), default="circuits")
@click.option("--domain", help="Circuits of this domain only.")
@click.option("--model", help="Circuits and features of this model only.")
@click.option("--behaviour", help="Circuits for this behaviour only.")
@click.option("--lifecycle", help="draft, active or deprecated entries only.")
@library_option
@format_option
def command(kind: str, library: Path | None, output_format: str, **filters: str | None) -> None:
    """List circuits (the default), features, models or resources."""
    opened = Library.open(library)
    wanted = {name: value for name, value in filters.items() if value}
    rows = [row for row in entry_rows(opened, kind) if matches(row, wanted)]
    if output_format == "json":
        print_json(rows)
        return
    if not rows:
        click.echo(f"no {kind} in {opened}" if not wanted else f"no {kind} match")
        return
    header = list(rows[0])
    print_table(
        header, [[printable(str(row[name]), LONGEST_CELL) for name in header] for row in rows]
    )


def matches(row: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    """Whether the row has each wanted value; a kind without that column never does."""
    return all(str(row.get(name)) == value for name, value in wanted.items())


def entry_rows(library: Library, kind: str) -> Iterator[dict[str, Any]]:
    """A row per entry of the kind. Raises EntryError at a broken file."""
    if kind == "circuits":
        yield from _circuits(library)
    elif kind == "features":
        yield from (_feature(feature) for feature in library.features.values())
    elif kind == "models":
        for model in library.models.values():
            dictionaries = ", ".join(one.id for one in model.dictionaries)
            yield {"id": model.id, "name": model.name, "kind": model.kind,
                   "layers": model.layers, "dictionaries": dictionaries}  # fmt: skip
    else:
        for resource in library.resources.values():
            yield {"id": resource.id, "kind": resource.kind, "year": resource.year or "",
                   "title": resource.title}  # fmt: skip


def _circuits(library: Library) -> Iterator[dict[str, Any]]:
    for circuit in library.circuits.values():
        try:
            verdict = circuit_baseline(library, circuit).verdict
        except EntryError:
            verdict = "unreadable baseline"
        yield {
            "id": circuit.id,
            "domain": circuit.domain,
            "behaviour": circuit.behaviour,
            "model": circuit.model,
            "lifecycle": circuit.lifecycle,
            "verdict": verdict,
            "title": circuit.title,
        }


def _feature(feature: Feature) -> dict[str, Any]:
    return {
        "id": feature.id,
        "model": feature.model,
        "lifecycle": feature.lifecycle,
        "label": feature.label,
    }
