"""Writes the draft that a filled form asks for, or says everything that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from atlas.entries.checks import check
from atlas.entries.drafts.answers import Answers, refusal, used_feature
from atlas.entries.drafts.fields import FIELDS, Kind
from atlas.entries.drafts.forms import read_form
from atlas.entries.drafts.writing import circuit_files, feature_text, write_new
from atlas.entries.ids import FeatureId
from atlas.entries.library import Library
from atlas.errors import AtlasError, SchemaError


@dataclass(frozen=True)
class Written:
    """What came of a form: files, or the reasons why there are none."""

    title: str = ""  # such as "New circuit: two-hop-capital"
    files: tuple[Path, ...] = ()
    reasons: tuple[str, ...] = ()  # one line each


def write_from_form(library: Library, body: str, author: str = "") -> Written:
    """Write the entry into the library, unless something is wrong with an answer.

    `author` is the account that opened the issue, and the curator where the form names none.
    """
    try:
        kind, answers = read_form(body)
    except AtlasError as error:
        return Written(reasons=(str(error),))
    handle = answers["handle"].removeprefix("@") or author
    answers = {**answers, "handle": handle}
    reasons = tuple(_refusals(library, kind, answers))
    if reasons:
        return Written(reasons=reasons)
    made = _circuit(library, answers) if kind == "circuit" else _feature(library, answers)
    if made.files:
        fresh = Library(library.root, library.origin)  # sees the files that were just written
        errors = check(fresh, made.files[:1]).errors
        if errors:
            for path in made.files:
                path.unlink()
            if kind == "circuit":
                made.files[0].parent.rmdir()
            return Written(reasons=tuple(map(str, errors)))
    return made


def _refusals(library: Library, kind: Kind, answers: Answers) -> list[str]:
    found = []
    for field in FIELDS[kind]:
        answer = answers[field.name]
        reason = refusal(library, kind, field.name, answer) if answer else None
        if reason:
            found.append(f"{field.label}: {reason}")
    return found


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _circuit(library: Library, answers: Answers) -> Written:
    model = library.models[answers["model"]]
    first = model.dictionaries[0].id if model.dictionaries else ""
    filled = {**answers, "dictionary": answers["dictionary"] or first}
    folder = library.circuit_folder(answers["id"])
    files = circuit_files(filled, _today())
    write_new(folder, files)
    return Written(f"New circuit: {answers['id']}", tuple(folder / name for name in files))


def _feature(library: Library, answers: Answers) -> Written:
    text = "{model}/{dictionary}/{layer}-{index}".format(**answers)
    try:
        identity = FeatureId.parse(text)
    except SchemaError as error:
        return Written(reasons=(str(error),))
    used = used_feature(library, identity)
    if used:
        return Written(reasons=(f"{text}: {used}",))
    example = next(iter(library.circuits), "a-circuit")
    path = library.root / identity.path
    write_new(path.parent, {path.name: feature_text(identity, answers, _today(), example)})
    return Written(f"New feature: {identity}", (path,))
