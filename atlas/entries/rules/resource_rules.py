"""Rules on resources, vocabularies and redirects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from atlas.entries.library import Library
from atlas.entries.redirects import Redirects
from atlas.entries.resource import Resource
from atlas.entries.rules.known import resource_names
from atlas.entries.rules.model_rules import id_is_file_name
from atlas.entries.rules.rule import Finding, Rule, Subject
from atlas.entries.rules.shared import real_day, unknown_term
from atlas.entries.text import quoted
from atlas.entries.vocabulary import Vocabulary

Findings = Iterator[Finding]


def topics_are_known(subject: Subject[Resource]) -> Findings:
    """Each topic is a term of the vocabulary."""
    for number, topic in enumerate(subject.record.topics):
        yield from unknown_term(subject, "topics", topic, ("topics", number))


def checked_on_a_day(subject: Subject[Resource]) -> Findings:
    """The day of checking exists in the calendar."""
    yield from real_day(subject.record.checked.date, ("checked", "date"))


def resource_is_not_listed_twice(subject: Subject[Resource]) -> Findings:
    """No other resource has the same arXiv number, DOI or address."""
    for key, name in resource_names(subject.record).items():
        first = subject.known.first_resource(key, name)
        if first not in (None, subject.entry_id):
            expected, found = f"a {key} that no other resource has", f"that of {quoted(first)}"
            yield Finding((key,), expected, found, "remove one of the files")


def terms_are_distinct(subject: Subject[Vocabulary]) -> Findings:
    """No id, name or synonym stands for two terms."""
    first: dict[str, int] = {}
    for number, term in enumerate(subject.record.terms):
        words: dict[str, tuple[str | int, ...]] = {term.id.lower(): ("terms", number, "id")}
        words.setdefault(term.name.lower(), ("terms", number, "name"))
        for place, synonym in enumerate(term.synonyms):
            words.setdefault(synonym.lower(), ("terms", number, "synonyms", place))
        for word, path in words.items():
            if first.setdefault(word, number) != number:
                other = subject.record.terms[first[word]].id
                found = f"{quoted(word)}, also of {quoted(other)}"
                yield Finding(path, "a word for one term only", found, "remove it from one")


def metrics_have_a_unit(subject: Subject[Vocabulary]) -> Findings:
    """Each metric says in which unit its effects are."""
    for number, term in enumerate(subject.record.terms):
        if subject.entry_id == "metrics" and not term.unit:
            yield Finding(("terms", number), "the metric's unit", "no unit", "add `unit:`")


def redirects_lead_somewhere(subject: Subject[Redirects]) -> Findings:
    """A chain of redirects ends at an entry that exists, of the same kind."""
    moves, library = subject.record.redirects, subject.known.library
    for old, new in moves.items():
        path = ("redirects", old)
        if old.split("/")[0] != new.split("/")[0]:
            yield Finding(path, "an entry of the same kind", quoted(new), "correct it")
        elif new not in moves and not is_live(library, new):
            yield Finding(path, "an entry that exists", quoted(new), "correct it")


def redirects_end(subject: Subject[Redirects]) -> Findings:
    """No chain of redirects goes round."""
    moves: Mapping[str, str] = subject.record.redirects
    for old in moves:
        seen, here = {old}, moves[old]
        while here in moves and here not in seen:
            seen.add(here)
            here = moves[here]
        if here == old:
            found = f"a round of {len(seen)}"
            yield Finding(("redirects", old), "a chain that ends", found, "remove one line", True)


def redirects_shadow_nothing(subject: Subject[Redirects]) -> Findings:
    """No redirect starts at an entry that exists."""
    for old in subject.record.redirects:
        if is_live(subject.known.library, old):
            found = f"{quoted(old)}, which exists"
            path = ("redirects", old)
            yield Finding(path, "an id that is no longer used", found, "remove the line", True)


def is_live(library: Library, place: str) -> bool:
    """Whether `circuits/<id>` and the like is an entry."""
    kind, _, entry_id = place.partition("/")
    entries: dict[str, Mapping[str, object]] = {
        "circuits": library.circuits,
        "features": library.features,
        "models": library.models,
        "resources": library.resources,
    }
    return entry_id in entries.get(kind, {})


RULES = (
    Rule("E501", "resource", "the id is the name of the file", id_is_file_name),
    Rule("E502", "resource", "each topic is a term of the vocabulary", topics_are_known),
    Rule("E503", "resource", "checked on a day of the calendar", checked_on_a_day),
    Rule("E504", "resource", "no resource is listed twice", resource_is_not_listed_twice),
    Rule("E601", "vocabulary", "the id is the name of the file", id_is_file_name),
    Rule("E602", "vocabulary", "no word stands for two terms", terms_are_distinct),
    Rule("E603", "vocabulary", "metrics have a unit", metrics_have_a_unit),
    Rule(
        "E701", "redirects", "redirects lead to entries of the same kind", redirects_lead_somewhere
    ),
    Rule("E702", "redirects", "no chain of redirects goes round", redirects_end),
    Rule("E703", "redirects", "no redirect shadows an entry", redirects_shadow_nothing),
)
