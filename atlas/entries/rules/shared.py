"""Rules that hold for circuits and features alike, and for other kinds where they apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from atlas.entries.circuit import Circuit
from atlas.entries.feature import Feature
from atlas.entries.problems import did_you_mean
from atlas.entries.rules.rule import Finding, Rule, Subject
from atlas.entries.text import quoted

LARGEST_SHARE = 1.0  # probabilities and shares of rows
TODO = "TODO"  # how a text begins that `atlas new` left to be written
NO_HANDLE = "your-handle"
SHARES = ("probability", "top1", "generated")


def real_day(day: str, path: tuple[str | int, ...]) -> Iterator[Finding]:
    """A date must exist in the calendar."""
    try:
        date.fromisoformat(day)
    except ValueError:
        yield Finding(path, "a day of the calendar", quoted(day), "correct it")


def unknown_term(
    subject: Subject[Any], vocabulary: str, term: str, path: tuple[str | int, ...]
) -> Iterator[Finding]:
    """A word must be a term of its vocabulary."""
    terms = subject.known.terms(vocabulary)
    if terms is not None and term not in terms:
        yield Finding(
            path,
            f"a term of vocabulary/{vocabulary}.yaml",
            quoted(term),
            f"choose a term, or add this one{did_you_mean(term, terms)}",
        )


def number_of_action(step: Any, path: tuple[str | int, ...]) -> Iterator[Finding]:
    """An action has the number that it needs and no other."""
    needs = {"scale": "factor", "set": "value", "add": "value"}.get(step.action)
    allowed = {needs, "factor" if step.action == "set_from_partner" else None}
    if needs and getattr(step, needs) is None:
        yield Finding(path, f'a "{needs}" with {step.action}', f"no {needs}", f"add `{needs}:`")
    for name in ("factor", "value"):
        if getattr(step, name) is not None and name not in allowed:
            yield Finding(
                (*path, name), f'no "{name}" with {step.action}', f"a {name}", "remove it", True
            )


def threshold_in_range(metric: str, value: float, path: tuple[str | int, ...]) -> Iterator[Finding]:
    """A bound is not negative, and at most 1 where the metric is a share."""
    if value < 0:
        action = "give the size; `direction` says which way"
        yield Finding((*path, "value"), "a bound of at least 0", f"{value:g}", action)
    if metric in SHARES and value > LARGEST_SHARE:
        yield Finding((*path, "value"), f"at most 1 for {metric}", f"{value:g}", "correct it")


def nothing_is_left_to_do(subject: Subject[Any]) -> Iterator[Finding]:
    """Only a draft may hold texts that `atlas new` left to be written."""
    if subject.record.lifecycle != "draft":
        yield from _unwritten_texts(subject, "write it, or keep the draft")


def what_is_left_to_do(subject: Subject[Any]) -> Iterator[Finding]:
    """A draft's texts that are still to be written, so that its curator sees them all."""
    if subject.record.lifecycle == "draft":
        yield from _unwritten_texts(subject, "write it before the entry is set active")


def _unwritten_texts(subject: Subject[Any], action: str) -> Iterator[Finding]:
    if TODO in subject.document.text or NO_HANDLE in subject.document.text:
        for path in _unwritten(subject.document.data, ()):
            found = quoted(NO_HANDLE if path[-1] == "handle" else TODO)
            yield Finding(path, "a text that was written", found, action)


def _unwritten(data: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(data, str) and (data.startswith(TODO) or data == NO_HANDLE):
        yield path
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield from _unwritten(value, (*path, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _unwritten(value, (*path, number))


def created_is_a_day(subject: Subject[Any]) -> Iterator[Finding]:
    """`created` exists in the calendar."""
    yield from real_day(subject.record.created, ("created",))


def curators_can_be_told_apart(subject: Subject[Any]) -> Iterator[Finding]:
    """Each curator has a handle or an ORCID."""
    for number, curator in enumerate(subject.record.curators):
        if not curator.handle and not curator.orcid:
            yield Finding(
                ("curators", number),
                "a handle or an ORCID",
                f"only the name {quoted(curator.name)}",
                "add `handle:` or `orcid:`",
            )


def orcids_have_their_check_digit(subject: Subject[Any]) -> Iterator[Finding]:
    """The last digit of an ORCID follows from the others (ISO 7064, MOD 11-2)."""
    for number, curator in enumerate(subject.record.curators):
        if curator.orcid and curator.orcid[-1] != orcid_check_digit(curator.orcid):
            expected = "an ORCID whose last digit follows from the others"
            path = ("curators", number, "orcid")
            yield Finding(path, expected, quoted(curator.orcid), "copy it from orcid.org")


def orcid_check_digit(orcid: str) -> str:
    """The last digit that the first fifteen ask for."""
    total = 0
    for digit in orcid.replace("-", "")[:15]:
        total = (total + int(digit)) * 2
    left = (12 - total % 11) % 11
    return "X" if left == 10 else str(left)


def sources_exist(subject: Subject[Any]) -> Iterator[Finding]:
    """Each source is a resource of the library."""
    resources = subject.known.library.resources
    for number, source in enumerate(subject.record.sources):
        if source.resource not in resources:
            yield Finding(
                ("sources", number, "resource"),
                "the id of a file under resources/",
                quoted(source.resource),
                f"add the resource, or name another{did_you_mean(source.resource, resources)}",
            )


def microworld_never_replicates(subject: Subject[Any]) -> Iterator[Finding]:
    """What is found in the embedded model is an analogue of a publication, not its replication."""
    record = subject.record
    model = subject.known.model(record.model) if hasattr(record, "model") else record
    if model is None or model.kind != "microworld":
        return
    for number, source in enumerate(record.sources):
        if source.relation == "replicates":
            yield Finding(
                ("sources", number, "relation"),
                "analogue_of or describes for a microworld entry",
                '"replicates"',
                "write analogue_of",
            )


def deprecated_says_why(subject: Subject[Any]) -> Iterator[Finding]:
    """A deprecated entry names its successor or a reason; no other entry does."""
    record = subject.record
    given = [name for name in ("superseded_by", "reason") if getattr(record, name)]
    if record.lifecycle == "deprecated" and not given:
        yield Finding(
            ("lifecycle",), "superseded_by or reason with deprecated", "neither", "add one of them"
        )
    if record.lifecycle != "deprecated":
        for name in given:
            expected = f'no "{name}" unless deprecated'
            yield Finding((name,), expected, f"lifecycle {record.lifecycle}", "remove it", True)


def successor_exists(subject: Subject[Any]) -> Iterator[Finding]:
    """`superseded_by` is another entry of the same kind."""
    record, library = subject.record, subject.known.library
    entries = library.features if isinstance(record, Feature) else library.circuits
    if not record.superseded_by:
        return
    if record.superseded_by not in entries:
        near = did_you_mean(record.superseded_by, entries)
        found = quoted(record.superseded_by)
        yield Finding(
            ("superseded_by",), "the id of an entry", found, f"name one that exists{near}"
        )
    elif record.superseded_by == record.id:
        yield Finding(("superseded_by",), "another entry", "this one", "name its successor")


def notebook_exists(subject: Subject[Any]) -> Iterator[Finding]:
    """The entry's notebook lies under notebooks/."""
    name = subject.record.notebook.name
    if not subject.known.library.notebook_path(name).is_file():
        folder = subject.known.library.root / "notebooks"
        near = did_you_mean(name, [path.stem for path in folder.glob("*.ipynb")])
        yield Finding(
            ("notebook", "name"),
            "the name of a file notebooks/<name>.ipynb",
            quoted(name),
            f"name one that exists{near}",
        )


def model_exists(subject: Subject[Any]) -> Iterator[Finding]:
    """The entry's model has a file under models/."""
    models, name = subject.known.library.models, subject.record.model
    if name not in models:
        action = f"add the model, or name another{did_you_mean(name, models)}"
        yield Finding(("model",), "the id of a file under models/", quoted(name), action)


def dictionary_exists(subject: Subject[Any]) -> Iterator[Finding]:
    """The entry's dictionary is one of its model's."""
    record: Circuit | Feature = subject.record
    model = subject.known.model(record.model)
    names = [one.id for one in model.dictionaries] if model else [record.dictionary]
    if record.dictionary not in names:
        near = did_you_mean(record.dictionary, names)
        yield Finding(
            ("dictionary",),
            f"a dictionary of models/{record.model}.yaml",
            quoted(record.dictionary),
            f"choose among {', '.join(names) or 'none'}{near}",
        )


_EVERY = (
    ("E123", "created is a day of the calendar", created_is_a_day),
    ("E124", "each curator has a handle or an ORCID", curators_can_be_told_apart),
    ("E125", "each source is a resource of the library", sources_exist),
    ("E126", "a deprecated entry says why, and only such an entry", deprecated_says_why),
    ("E127", "a successor is another entry of the same kind", successor_exists),
    ("E128", "a microworld entry never replicates", microworld_never_replicates),
    ("E129", "the notebook exists", notebook_exists),
    ("E130", "the model exists", model_exists),
    ("E131", "the dictionary is one of the model's", dictionary_exists),
    ("E135", "only a draft has texts left to write", nothing_is_left_to_do),
    ("E137", "an ORCID has its check digit", orcids_have_their_check_digit),
)
LEFT_TO_DO = "what a draft has left to write"
RULES = tuple(
    Rule(code, kind, demands, find)
    for code, demands, find in _EVERY
    for kind in ("circuit", "feature")
) + (
    Rule("E138", "circuit", LEFT_TO_DO, what_is_left_to_do, "information"),
    Rule("E138", "feature", LEFT_TO_DO, what_is_left_to_do, "information"),
    Rule("E125", "model", "each source is a resource of the library", sources_exist),
    Rule("E128", "model", "a microworld entry never replicates", microworld_never_replicates),
)
