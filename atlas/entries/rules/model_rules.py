"""Rules on models: where weights and dictionaries are, and that they fit together."""

from __future__ import annotations

from collections.abc import Iterator

from atlas.entries.model import DictionaryReference, Model, WeightsReference
from atlas.entries.rules.rule import Finding, Rule, Subject
from atlas.entries.text import quoted

Findings = Iterator[Finding]
ModelSubject = Subject[Model]


def id_is_file_name(subject: Subject[Model]) -> Findings:
    """The id is the name of the file; holds for resources and vocabularies too."""
    if subject.record.id != subject.entry_id:
        expected = f'"{subject.entry_id}", the name of its file'
        yield Finding(("id",), expected, quoted(subject.record.id), "rename one of them")


def weights_have_one_place(subject: ModelSubject) -> Findings:
    """Weights and dictionaries lie in a folder with a digest, or on a hub with a revision."""
    yield from _one_place(subject.record.weights, ("weights",))
    for number, dictionary in enumerate(subject.record.dictionaries):
        yield from _one_place(dictionary, ("dictionaries", number))


def _one_place(
    reference: WeightsReference | DictionaryReference, path: tuple[str | int, ...]
) -> Findings:
    forms = ({"folder", "sha256"}, {"hub", "revision"})
    given = {name for name in ("folder", "sha256", "hub", "revision") if getattr(reference, name)}
    if given not in forms:
        yield Finding(
            path,
            "folder with sha256, or hub with revision",
            " and ".join(sorted(given)) or "neither",
            "give one pair",
        )


def dictionary_ids_are_unique(subject: ModelSubject) -> Findings:
    """No two dictionaries of a model share an id."""
    ids = [one.id for one in subject.record.dictionaries]
    for number, one in enumerate(ids):
        if one in ids[:number]:
            path = ("dictionaries", number, "id")
            yield Finding(path, "an id of its own", f"{quoted(one)} again", "rename one")


def dictionary_layers_are_the_models(subject: ModelSubject) -> Findings:
    """A dictionary covers layers that the model has."""
    for number, dictionary in enumerate(subject.record.dictionaries):
        for place, layer in enumerate(dictionary.layers):
            if layer >= subject.record.layers:
                path = ("dictionaries", number, "layers", place)
                expected = f"a layer of the model (0 to {subject.record.layers - 1})"
                yield Finding(path, expected, str(layer), "correct it")


def files_exist(subject: ModelSubject) -> Findings:
    """Folders and files of the library that the model names are there."""
    record, root = subject.record, subject.known.library.root
    named: list[tuple[tuple[str | int, ...], str]] = [
        (("weights", "folder"), record.weights.folder),
        (("tokens", "file"), record.tokens.file if record.tokens else ""),
        (("report",), record.report),
    ]
    for number, dictionary in enumerate(record.dictionaries):
        named.append((("dictionaries", number, "folder"), dictionary.folder))
    for path, name in named:
        if name and not (root / name).exists():
            yield Finding(path, "a path in the library", f"no {quoted(name)}", "correct or add it")


RULES = (
    Rule("E401", "model", "the id is the name of the file", id_is_file_name),
    Rule("E402", "model", "weights have one place", weights_have_one_place),
    Rule("E403", "model", "dictionary ids are unique", dictionary_ids_are_unique),
    Rule(
        "E404", "model", "dictionaries cover the model's layers", dictionary_layers_are_the_models
    ),
    Rule("E405", "model", "files that it names exist", files_exist),
)
