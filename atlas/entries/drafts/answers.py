"""What is wrong with one answer, in the words that `atlas check` would use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from atlas.entries.drafts.fields import FIELDS, ROW, Field, Kind, field_of
from atlas.entries.ids import FeatureId
from atlas.entries.library import Library
from atlas.entries.problems import did_you_mean
from atlas.entries.schema_validation import load_schema, value_complaint
from atlas.entries.text import HOSTILE, printable, quoted
from atlas.errors import BadInput

Answers = Mapping[str, str]  # by the names of the fields; an empty one leaves the question open


@dataclass(frozen=True)
class Refusal:
    """Why an answer cannot stand, in the parts of every message."""

    expected: str
    found: str
    action: str

    def __str__(self) -> str:
        return f"expected {self.expected}; found {self.found}; {self.action}"

    def error(self, where: str) -> BadInput:
        """The same as an error about a place."""
        return BadInput(where, self.expected, self.found, self.action)


def choices(library: Library, field: Field) -> dict[str, str]:
    """The answers that a field can have, each with its name; empty where any text will do."""
    if field.choices == "models":
        return {model.id: model.name for model in library.models.values()}
    if field.choices == "licences":
        listed: list[str] = load_schema("circuit")["properties"]["licence"]["enum"]
        return dict.fromkeys(listed, "")
    if field.choices:
        terms = library.vocabularies.find(field.choices).terms
        return {term.id: term.name for term in terms}
    return {}


def refusal(library: Library, kind: Kind, name: str, answer: str) -> Refusal | None:
    """Why an answer to the field of that name cannot stand; None if it can."""
    field = field_of(FIELDS[kind], name)
    hidden = HOSTILE.search(answer)
    if hidden:
        return Refusal("visible characters", printable(hidden[0]), "leave it out")
    among = choices(library, field)
    if among and answer not in among:
        near = did_you_mean(answer, among)
        return Refusal(f"one of {', '.join(among)}", quoted(answer), f"choose one of these{near}")
    complaint = value_complaint(property_schema(kind, field), value_of(field, answer))
    if complaint:
        return Refusal(*complaint)
    if name == "id":
        return _used_id(library, answer)
    if name == "source" and answer not in library.resources:
        near = did_you_mean(answer, library.resources)
        action = f"add the resource, or name another{near}"
        return Refusal("the id of a file under resources/", quoted(answer), action)
    return None


def property_schema(kind: Kind, field: Field) -> Mapping[str, Any]:
    """What the schema says of the place where a field's answer goes."""
    row = field.path[0] == ROW
    schema: Any = load_schema("prompts" if row else kind)
    for step in field.path[1:] if row else field.path:
        schema = schema.get("items", schema)["properties"][step]
    found: Mapping[str, Any] = schema
    return found


def value_of(field: Field, answer: str) -> Any:
    """The value that an answer stands for."""
    if field.name == "languages":
        return answer.replace(",", " ").split()
    if field.name in ("layer", "index") and answer.isascii() and answer.isdigit():
        return int(answer[:20])
    return answer


def _used_id(library: Library, circuit_id: str) -> Refusal | None:
    resource = f"resources/{circuit_id}.yaml"
    if circuit_id in library.resources:
        return Refusal("an id of its own", f"that of {resource}", _ANOTHER)
    there = library.circuit_folder(circuit_id).exists()
    return _used(library, f"circuits/{circuit_id}", there)


def used_feature(library: Library, feature: FeatureId) -> Refusal | None:
    """Why no new file for this feature can be written; None if one can."""
    return _used(library, f"features/{feature}", (library.root / feature.path).exists())


def _used(library: Library, place: str, there: bool) -> Refusal | None:
    """Ids are never used twice: old links lead to what they stood for."""
    if place in library.redirects:
        moved = f"{quoted(place)}, now {quoted(library.redirects[place])}"
        return Refusal("an id that was never used", moved, _ANOTHER)
    if there:
        return Refusal("an id of its own", f"an entry at {place}", f"edit it, or {_ANOTHER}")
    return None


_ANOTHER = "choose another id"
