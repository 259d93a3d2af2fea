"""Rules on parts: their members exist in the model, and their keys and places in the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from atlas.entries.circuit import Circuit, Part
from atlas.entries.ids import LayerFeature
from atlas.entries.model import DictionaryReference
from atlas.entries.problems import did_you_mean
from atlas.entries.rules.rule import Finding, Row, Rule, Subject
from atlas.entries.text import quoted

Findings = Iterator[Finding]
CircuitSubject = Subject[Circuit]
Step = str | int


def features_are_in_the_dictionary(subject: CircuitSubject) -> Findings:
    """Each feature's layer and index lie within the dictionary."""
    dictionary = subject.known.dictionary(subject.record.model, subject.record.dictionary)
    if dictionary is None:
        return
    for number, part in enumerate(subject.record.parts):
        for path, feature in _members(part, ("parts", number, "features")):
            yield from outside(dictionary, feature, path)


def outside(
    dictionary: DictionaryReference, feature: LayerFeature, path: tuple[Step, ...]
) -> Findings:
    """The finding that a feature lies outside the dictionary, if it does."""
    if feature.layer not in dictionary.layers:
        layers = ", ".join(map(str, dictionary.layers))
        expected = f"a layer of {dictionary.id} ({layers})"
        yield Finding(path, expected, quoted(str(feature)), "correct the layer")
    elif feature.index >= dictionary.features:
        expected = f"an index below {dictionary.features} ({dictionary.id})"
        yield Finding(path, expected, quoted(str(feature)), "correct the index")


def heads_are_in_the_model(subject: CircuitSubject) -> Findings:
    """Each head's layer and number lie within the model."""
    model = subject.known.model(subject.record.model)
    for number, part in enumerate(subject.record.parts if model else ()):
        for place, head in enumerate(part.heads):
            if model and (head.layer >= model.layers or head.head >= model.heads):
                last = f"0.0 to {model.layers - 1}.{model.heads - 1}"
                path = ("parts", number, "heads", place)
                yield Finding(
                    path, f"a head of {model.id} ({last})", quoted(str(head)), "correct it"
                )


def parts_have_members(subject: CircuitSubject) -> Findings:
    """A part has features or heads, unless the circuit is a draft."""
    for number, part in enumerate(subject.record.parts):
        if subject.record.lifecycle != "draft" and not part.all_features and not part.heads:
            yield Finding(
                ("parts", number), "features or heads in each part", "neither", "add its members"
            )


def keys_go_with_mappings(subject: CircuitSubject) -> Findings:
    """`features` is a mapping exactly where `keyed_by` is given."""
    for number, part in enumerate(subject.record.parts):
        mapped = isinstance(part.features, Mapping)
        if mapped and not part.keyed_by:
            expected = "keyed_by, since the features are a mapping"
            yield Finding(("parts", number), expected, "no keyed_by", "name the entity")
        if part.keyed_by and not mapped:
            expected = f"features for each value of {part.keyed_by}"
            path = ("parts", number, "features") if part.features else ("parts", number)
            yield Finding(path, expected, "no mapping", "write `value: [features]`")


def keys_are_in_the_rows(subject: CircuitSubject) -> Findings:
    """Every row has the entity that keys a part."""
    for number, part in enumerate(subject.record.parts):
        if part.keyed_by:
            lacking = [row for row in subject.rows if part.keyed_by not in row.record.entities]
            path = ("parts", number, "keyed_by")
            names = {name for row in subject.rows for name in row.record.entities}
            near = did_you_mean(part.keyed_by, names)
            yield from _some_rows(
                lacking, path, f"an entity {quoted(part.keyed_by)} in every row", f"add it{near}"
            )


def values_are_covered(subject: CircuitSubject) -> Findings:
    """A keyed part lists every value that the rows have, and no other."""
    for number, part in enumerate(subject.record.parts):
        if not part.keyed_by or not isinstance(part.features, Mapping) or not subject.rows:
            continue
        values = {row.record.entities.get(part.keyed_by) for row in subject.rows} - {None}
        path = ("parts", number, "features")
        missing = sorted(str(value) for value in values if value not in part.features)
        if missing:
            yield Finding(
                path,
                f"every value of {part.keyed_by} that the rows have",
                f"none for {_listed(missing)}",
                "add them; `value: []` says that no feature was found",
            )
        for value in part.features:
            if value not in values:
                near = did_you_mean(value, missing)
                expected = f"a value of {part.keyed_by} that some row has"
                action = f"correct or remove it{near}"
                yield Finding((*path, value), expected, quoted(value), action, at_key=True)


def members_were_found_somehow(subject: CircuitSubject) -> Findings:
    """A part of an active circuit says how its members were found: on discovery rows only."""
    for number, part in enumerate(subject.record.parts):
        if subject.record.lifecycle == "active" and not part.found_by:
            action = "add `found_by:`, such as the command that proposed them"
            yield Finding(("parts", number), "how the members were found", "nothing", action)


def positions_occur_in_the_text(subject: CircuitSubject) -> Findings:
    """The entity that a part's position names occurs in every row's text."""
    for number, part in enumerate(subject.record.parts):
        entity = part.position.entity
        if part.position.kind == "entity":
            lacking = [
                row
                for row in subject.rows
                if row.record.entities.get(entity, "\0") not in row.record.text
            ]
            path = ("parts", number, "position", "entity")
            expected = f"an entity {quoted(entity)} that occurs in every text"
            yield from _some_rows(lacking, path, expected, "name one that is in the text")


def _members(part: Part, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], LayerFeature]]:
    if isinstance(part.features, Mapping):
        for value, group in part.features.items():
            yield from (((*path, value, place), one) for place, one in enumerate(group))
    else:
        yield from (((*path, place), one) for place, one in enumerate(part.features))


def _some_rows(rows: Sequence[Row], path: tuple[Step, ...], expected: str, action: str) -> Findings:
    if rows:
        others = f" and {len(rows) - 1} others" if len(rows) > 1 else ""
        found = f"not in row {quoted(rows[0].record.id)} (line {rows[0].line.line}){others}"
        yield Finding(path, expected, found, action)


def _listed(values: Sequence[str], most: int = 5) -> str:
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(quoted(value, 40) for value in values[:most]) + more


RULES = (
    Rule("E221", "circuit", "features lie in the dictionary", features_are_in_the_dictionary),
    Rule("E222", "circuit", "heads lie in the model", heads_are_in_the_model),
    Rule("E223", "circuit", "parts have members", parts_have_members),
    Rule("E224", "circuit", "a mapping of features goes with keyed_by", keys_go_with_mappings),
    Rule("E225", "circuit", "rows have the entity that keys a part", keys_are_in_the_rows),
    Rule("E226", "circuit", "keyed parts cover the rows' values", values_are_covered),
    Rule("E227", "circuit", "positions occur in the texts", positions_occur_in_the_text),
    Rule(
        "E245",
        "circuit",
        "parts of an active circuit say how they were found",
        members_were_found_somehow,
        "warning",
    ),
)
