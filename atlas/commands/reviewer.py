"""`atlas reviewer`: whether somebody may accept the entries that a branch changes."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from atlas.commands.output import library_option
from atlas.entries.credit import Curator
from atlas.entries.history import touched_since
from atlas.entries.library import Library
from atlas.entries.text import printable


@click.command(epilog="Example: atlas reviewer grace --since origin/main")
@click.argument("handle")
@click.option("--since", required=True, metavar="COMMIT", help="What the branch started from.")
@library_option
def command(handle: str, since: str, library: Path | None) -> None:
    """Exit with code 1 if HANDLE is a curator of an entry that changed: nobody accepts their own.

    Entries without an account name, whose curators give an ORCID only, cannot be told.
    """
    opened = Library.open(library)
    own = [
        place for place in touched_since(opened, since) if handle.lower() in _handles(opened, place)
    ]
    for place in own:
        click.echo(f"{place}: {printable(handle)} is a curator of it; somebody else has to accept")
    if own:
        sys.exit(1)
    click.echo(f"{printable(handle)} is no curator of what changed")


def _handles(library: Library, place: str) -> set[str]:
    """The account names of an entry's curators, in lower case; none where it is gone."""
    kind, _, entry_id = place.partition("/")
    entries = library.circuits if kind == "circuits" else library.features
    if entry_id not in entries:
        return set()
    curators: tuple[Curator, ...] = entries[entry_id].curators
    return {one.handle.lower() for one in curators}
