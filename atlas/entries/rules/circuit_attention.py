"""Rules on the heads whose attention an entry shows."""

from __future__ import annotations

from collections.abc import Iterator

from atlas.entries.circuit import Circuit
from atlas.entries.rules.rule import Finding, Rule, Subject
from atlas.entries.text import quoted

Findings = Iterator[Finding]
CircuitSubject = Subject[Circuit]
PLACES = ("query", "key", "foil")


def attending_heads_are_in_the_model(subject: CircuitSubject) -> Findings:
    """Each head's layer and number lie within the model."""
    model = subject.known.model(subject.record.model)
    for number, view in enumerate(subject.record.attention if model else ()):
        if model and (view.head.layer >= model.layers or view.head.head >= model.heads):
            last = f"0.0 to {model.layers - 1}.{model.heads - 1}"
            path = ("attention", number, "head")
            expected = f"a head of {model.id} ({last})"
            yield Finding(path, expected, quoted(str(view.head)), "correct it")


def looks_go_between_single_places(subject: CircuitSubject) -> Findings:
    """A score has one query and one key, and they lie in the prompt that is drawn."""
    named = subject.record.prompts.graph
    drawn = next((row.record for row in subject.rows if row.record.id == named), None)
    for number, view in enumerate(subject.record.attention):
        for name in PLACES:
            place = getattr(view, name)
            if place is None:
                continue
            path = ("attention", number, name)
            if place.kind == "any":
                action = "write last, an entity or an index"
                yield Finding(path, "one position", quoted("any"), action)
            elif place.kind == "entity" and drawn is not None:
                value = drawn.entities.get(place.entity)
                if value is None or value not in drawn.text:
                    expected = f"an entity that occurs in the drawn row {quoted(drawn.id)}"
                    action = "name one that is in the text"
                    yield Finding((*path, "entity"), expected, quoted(place.entity), action)


def looks_are_split_over_transcoders(subject: CircuitSubject) -> Findings:
    """A score is split over sources that add up, which features of autoencoders do not."""
    record = subject.record
    dictionary = subject.known.dictionary(record.model, record.dictionary)
    if record.attention and dictionary is not None and dictionary.kind == "sae":
        yield Finding(
            ("attention",),
            "a dictionary of transcoders, over whose sources a score can be split",
            f"{quoted(record.dictionary)}, which is of autoencoders",
            "leave `attention` out, or use transcoders",
            at_key=True,
        )


RULES = (
    Rule("E228", "circuit", "attending heads lie in the model", attending_heads_are_in_the_model),
    Rule("E229", "circuit", "looks go between single places", looks_go_between_single_places),
    Rule("E230", "circuit", "looks are split over transcoders", looks_are_split_over_transcoders),
)
