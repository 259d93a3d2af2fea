"""`atlas new`: a new entry to fill in, which passes the check as a draft."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from atlas.commands.entry_templates import circuit_text, feature_text
from atlas.commands.output import library_option
from atlas.entries.checks import check
from atlas.entries.ids import SLUG_LENGTH, FeatureId, is_slug
from atlas.entries.library import Library
from atlas.entries.text import quoted
from atlas.errors import BadInput


@click.group()
def command() -> None:
    """Write a new circuit or feature file to fill in."""


@command.command(epilog="Example: atlas new circuit rhyme-planning --model microworld")
@click.argument("circuit_id", metavar="ID")
@click.option("--model", help="The model's id; default: the first of `atlas list models`.")
@click.option("--dictionary", help="A dictionary of the model; default: its first.")
@library_option
def circuit(
    circuit_id: str, model: str | None, dictionary: str | None, library: Path | None
) -> None:
    """Write circuits/ID/ with circuit.yaml and an empty prompts.jsonl."""
    opened = Library.open(library)
    if not is_slug(circuit_id):
        action = f"use words and digits joined by hyphens, at most {SLUG_LENGTH} characters"
        raise BadInput("circuit id", "an id such as two-hop-capital", quoted(circuit_id), action)
    _never_used(opened, f"circuits/{circuit_id}")
    model_id, dictionary_id = _dictionary(opened, model, dictionary)
    choices = {
        "domain": _first_term(opened, "domains"),
        "behaviour": _first_term(opened, "behaviours"),
        "model": model_id,
        "dictionary": dictionary_id,
        "created": _today(),
    }
    folder = opened.circuit_folder(circuit_id)
    _write(folder / "circuit.yaml", circuit_text(circuit_id, choices))
    _write(folder / "prompts.jsonl", "")
    _say_what_is_next(opened, folder / "circuit.yaml")


@command.command(epilog="Example: atlas new feature microworld/transcoders/2-117")
@click.argument("feature_id", metavar="ID")
@library_option
def feature(feature_id: str, library: Path | None) -> None:
    """Write features/ID.yaml; ID is model/dictionary/layer-index."""
    opened = Library.open(library)
    identity = FeatureId.parse(feature_id)
    _never_used(opened, f"features/{identity}")
    _dictionary(opened, identity.model, identity.dictionary)
    example = next(iter(opened.circuits), "a-circuit")
    path = opened.root / identity.path
    _write(path, feature_text(identity, _today(), example))
    _say_what_is_next(opened, path)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _never_used(library: Library, place: str) -> None:
    """Refuse an id that was renamed: old links to it lead elsewhere."""
    if place in library.redirects:
        found = f"{quoted(place)}, now {quoted(library.redirects[place])}"
        raise BadInput("id", "an id that was never used", found, "choose another id")


def _dictionary(library: Library, model_id: str | None, wanted: str | None) -> tuple[str, str]:
    """The model and dictionary that were asked for, or the first ones there are."""
    if model_id is None and not library.models:
        action = "add models/<id>.yaml first, or name another --library"
        raise BadInput(str(library.root), "a model in the library", "none", action)
    model = library.models.find(model_id or next(iter(library.models)))
    names = [one.id for one in model.dictionaries]
    if (wanted or names[:1]) and (wanted is None or wanted in names):
        return model.id, wanted or names[0]
    expected = f"a dictionary of {model.id} ({', '.join(names) or 'it has none'})"
    raise BadInput("dictionary", expected, quoted(wanted or ""), "choose one of these")


def _first_term(library: Library, vocabulary: str) -> str:
    return library.vocabularies.find(vocabulary).terms[0].id


def _write(path: Path, text: str) -> None:
    """Write a new file; refuses to overwrite."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        action = "edit it, or choose another id"
        raise BadInput(str(path), "a path where nothing is yet", "a file", action) from None


def _say_what_is_next(library: Library, path: Path) -> None:
    click.echo(f"wrote {path}")
    fresh = Library(library.root, library.origin)  # sees the file that was just written
    for problem in check(fresh, [path]).problems:
        click.echo(str(problem))
    click.echo(f"fill it in, then: atlas check {path}")
