"""`atlas new`: a new entry, which passes the check as a draft; asks at a terminal."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from atlas.commands.check_formats import line
from atlas.commands.output import library_option
from atlas.commands.questions import Asked, asker, at_terminal, name_in_git
from atlas.entries.checks import check
from atlas.entries.drafts.answers import used_feature
from atlas.entries.drafts.new_file import new_file_address
from atlas.entries.drafts.writing import circuit_files, feature_text, write_new
from atlas.entries.ids import FeatureId
from atlas.entries.library import Library
from atlas.entries.text import quoted
from atlas.errors import BadInput
from site_builder.tools import read_configuration


@click.group()
def command() -> None:
    """Write a new circuit or feature file to fill in; at a terminal, ask what it needs."""


def answer_options(*names: str) -> Callable[[Any], Any]:
    """One option for each question, so that scripts can answer it."""

    def add(function: Any) -> Any:
        for name in reversed(names):
            function = click.option(f"--{name}", help="Answers the question of that name.")(
                function
            )
        yes = click.option("--yes", is_flag=True, help="Ask nothing: take what is given.")
        return yes(library_option(function))

    return add


@command.command(epilog="Example: atlas new circuit rhyme-planning --model microworld --yes")
@click.argument("circuit_id", metavar="[ID]", required=False)
@answer_options("title", "model", "dictionary", "domain", "behaviour", "prompt", "answer",
                "name", "handle", "orcid")  # fmt: skip
@click.option("--link", is_flag=True, help="Write nothing: print the host's page for the file.")
def circuit(
    circuit_id: str | None, library: Path | None, yes: bool, link: bool, **given: str | None
) -> None:
    """Write circuits/ID/ with circuit.yaml and prompts.jsonl."""
    opened = Library.open(library) if link else writable(library)
    ask = asker(opened, "circuit", {"id": circuit_id, **given}, at_terminal() and not yes)
    answers = {"id": ask("id", "")}
    if not answers["id"]:
        raise BadInput("circuit id", "an id such as two-hop-capital", "none", "name it")
    answers["title"] = ask("title", "")
    answers["model"] = ask("model", _first_model(opened))
    answers["dictionary"] = _dictionary(opened, answers["model"], given["dictionary"])
    answers["domain"] = ask("domain", _first_term(opened, "domains"))
    answers["behaviour"] = ask("behaviour", _first_term(opened, "behaviours"))
    answers["prompt"] = ask("prompt", "")
    answers["answer"] = ask("answer", "") if answers["prompt"] else ""
    answers |= _credit(ask, given)
    files = circuit_files(answers, _today())
    if link:
        repository = str(read_configuration(opened.root).get("repo_url") or "")
        click.echo(new_file_address(repository, answers["id"], files["circuit.yaml"]))
        return
    folder = opened.circuit_folder(answers["id"])
    write_new(folder, files)
    _say_what_is_next(opened, folder / "circuit.yaml", f"atlas preview {answers['id']}")


@command.command(epilog="Example: atlas new feature microworld/transcoders/2-117 --yes")
@click.argument("feature_id", metavar="ID")
@answer_options("label", "description", "name", "handle", "orcid")
def feature(feature_id: str, library: Path | None, yes: bool, **given: str | None) -> None:
    """Write features/ID.yaml; ID is model/dictionary/layer-index."""
    opened = writable(library)
    identity = FeatureId.parse(feature_id)
    reason = used_feature(opened, identity)
    if reason:
        raise reason.error("feature id")
    _dictionary(opened, identity.model, identity.dictionary)
    ask = asker(opened, "feature", given, at_terminal() and not yes)
    answers = {"label": ask("label", ""), "description": ask("description", "")}
    answers |= _credit(ask, given)
    example = next(iter(opened.circuits), "a-circuit")
    path = opened.root / identity.path
    write_new(path.parent, {path.name: feature_text(identity, answers, _today(), example)})
    _say_what_is_next(opened, path, f"atlas preview {identity}")


def _credit(ask: Asked, given: dict[str, str | None]) -> dict[str, str]:
    """Who answers for the entry; an ORCID is taken where it is given, and never asked for."""
    orcid = ask("orcid", "") if given["orcid"] else ""
    name = ask("name", name_in_git() if at_terminal() else "")
    return {"name": name, "handle": ask("handle", ""), "orcid": orcid}


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def writable(folder: Path | None) -> Library:
    """The library to write into; the one inside the package is nobody's to add to."""
    opened = Library.open(folder)
    if opened.origin == "package":
        action = "go into a clone of the repository, or name its folder with --library"
        raise BadInput("library", "a checkout", f"none above {Path.cwd()}", action)
    return opened


def _first_model(library: Library) -> str:
    if not library.models:
        action = "add models/<id>.yaml first, or name another --library"
        raise BadInput(str(library.root), "a model in the library", "none", action)
    return next(iter(library.models))


def _dictionary(library: Library, model_id: str, wanted: str | None) -> str:
    """The dictionary that was asked for, or the model's first."""
    model = library.models.find(model_id)
    names = [one.id for one in model.dictionaries]
    if (wanted or names[:1]) and (wanted is None or wanted in names):
        return wanted or names[0]
    expected = f"a dictionary of {model.id} ({', '.join(names) or 'it has none'})"
    raise BadInput("dictionary", expected, quoted(wanted or ""), "choose one of these")


def _first_term(library: Library, vocabulary: str) -> str:
    return library.vocabularies.find(vocabulary).terms[0].id


def _say_what_is_next(library: Library, path: Path, preview: str) -> None:
    shown = os.path.relpath(path)
    click.echo(f"wrote {shown}")
    fresh = Library(library.root, library.origin)  # sees the file that was just written
    report = check(fresh, [path])
    for problem in report.problems:
        click.echo(line(problem, library.root))
    click.echo(f"{report.summary}\nfill it in, then: atlas check {shown}; its page: {preview}")
