"""From a schema's complaints to problems that a curator can act on, all of them at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators

from atlas.entries.document import Document
from atlas.entries.library import own_schema_folder
from atlas.entries.problems import Problem, did_you_mean, field_path
from atlas.entries.schema_fit import Fits, compile_pattern, compile_schema
from atlas.entries.text import quoted

CODES = {
    "E101": "an unknown key",
    "E102": "a missing key",
    "E103": "a value of the wrong kind",
    "E104": "a value outside its list of choices",
    "E105": "a value that is not of its form",
    "E106": "a text that is too short",
    "E107": "a text that is too long",
    "E108": "too few items",
    "E109": "too many items",
    "E110": "a number out of its range",
    "E111": "an item given twice",
}
# Of one mapping; looking for the key that was meant takes a millisecond for each.
MOST_UNKNOWN_KEYS = 50
MOST_COMPLAINTS = 1_000  # of one file; nobody reads more, and a stranger can write millions
_KIND_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "array": "a list",
    "boolean": "true or false",
}
Message = tuple[str, str, str, str]  # code, expected, found, action
Complaint = Any  # a ValidationError, whose attributes are loosely typed


def schema_problems(kind: str, document: Document) -> list[Problem]:
    """The ways in which the document departs from the schema of its kind, the first thousand."""
    if _fits(kind)(document.data):
        return []
    problems: dict[Problem, None] = {}  # jsonschema repeats itself where several keys are missing
    for error in islice(_validator(kind).iter_errors(document.data), MOST_COMPLAINTS):
        for problem in _problems(error, document):
            problems[problem] = None
    return list(problems)


def value_complaint(schema: Mapping[str, Any], value: Any) -> tuple[str, str, str] | None:
    """What a part of a schema expects, what was found, and what to do; None if the value fits."""
    for error in _Validator(schema).iter_errors(value):
        _, expected, found, action = _MESSAGES[str(error.validator)](error)
        return expected, found, action
    return None


@cache
def load_schema(kind: str, folder: Path | None = None) -> dict[str, Any]:
    """The schema of a kind of entry with its definitions put in place of references."""
    path = (folder or own_schema_folder()) / f"{kind}.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    inlined: dict[str, Any] = _inline(schema, schema.get("$defs", {}))
    inlined.pop("$defs", None)
    return inlined


def _inline(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema without references; what stands beside a reference narrows the definition."""
    if isinstance(schema, list):
        return [_inline(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        target = definitions[schema["$ref"].removeprefix("#/$defs/")]
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**target, **beside}
    return {key: _inline(value, definitions) for key, value in schema.items() if key != "$defs"}


def _whole_pattern(
    validator: Any, pattern: str, instance: Any, schema: Any
) -> Iterator[ValidationError]:
    """The keyword `pattern`, without Python's habit of letting $ match before a last line feed."""
    if isinstance(instance, str) and not _compiled(pattern).search(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return compile_pattern(pattern)


@cache
def _fits(kind: str) -> Fits:
    return compile_schema(load_schema(kind))


_extend: Any = validators.extend
_Validator: Any = _extend(Draft202012Validator, {"pattern": _whole_pattern})


@cache
def _validator(kind: str) -> Any:
    return _Validator(load_schema(kind))


def _problems(error: Complaint, document: Document) -> Iterator[Problem]:
    path = list(error.absolute_path)
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = [key for key in error.instance if key not in known]
        for key in unknown[:MOST_UNKNOWN_KEYS]:
            yield _problem(document, [*path, key], _unknown_key(key, known), at_key=True)
        return
    if error.validator == "required":
        for key in error.validator_value:
            if key not in error.instance:
                message = ("E102", f'the key "{key}"', "no such key", f"add `{key}:`")
                yield _problem(document, path, message)
        return
    if "propertyNames" in error.absolute_schema_path:
        message = (
            "E105",
            _title(error.schema, "a name in lower case"),
            quoted(error.instance),
            _FIX,
        )
        yield _problem(document, [*path, error.instance], message, at_key=True)
        return
    yield _problem(document, path, _MESSAGES[str(error.validator)](error))


def _problem(
    document: Document, path: list[str | int], message: Message, at_key: bool = False
) -> Problem:
    place = document.key_place(path) if at_key else document.place(path)
    code, expected, found, action = message
    return Problem(
        document.file, place.line, place.column, code, field_path(path), expected, found, action
    )


_FIX = "correct it"


def _title(schema: Any, otherwise: str) -> str:
    return str(schema.get("title", otherwise)) if isinstance(schema, dict) else otherwise


def _unknown_key(key: str, known: list[str]) -> Message:
    near = did_you_mean(key, known)
    action = f"rename it{near}" if near else f"remove it; the keys are {', '.join(known)}"
    return "E101", "a key of this format", quoted(key), action


def _wrong_kind(error: Complaint) -> Message:
    kinds = (
        error.validator_value
        if isinstance(error.validator_value, list)
        else [error.validator_value]
    )
    expected = _title(error.schema, " or ".join(_KIND_WORDS[kind] for kind in kinds))
    value = error.instance
    action = f"write {expected}"
    if value is None:
        action = "fill it in, or remove the key"
    elif "string" in kinds and isinstance(value, bool | int | float):
        action = "put it in quotes"
    elif {"number", "integer"} & set(kinds) and _reads_as_number(value):
        action = "remove the quotes"
    return "E103", expected, quoted(value), action


def _reads_as_number(value: Any) -> bool:
    return (
        isinstance(value, str)
        and re.fullmatch(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?", value) is not None
    )


def _wrong_choice(error: Complaint) -> Message:
    choices = [str(choice) for choice in error.validator_value]
    near = did_you_mean(str(error.instance), choices)
    return (
        "E104",
        f"one of {', '.join(choices)}",
        quoted(error.instance),
        f"choose one of these{near}",
    )


def _wrong_constant(error: Complaint) -> Message:
    value = error.validator_value
    return "E104", _title(error.schema, quoted(value)), quoted(error.instance), f"write {value}"


def _wrong_form(error: Complaint) -> Message:
    return (
        "E105",
        _title(error.schema, f"the form {error.validator_value}"),
        quoted(error.instance),
        _FIX,
    )


def _count(code: str, bound: str, unit: str, action: str) -> Callable[[Complaint], Message]:
    def message(error: Complaint) -> Message:
        number = error.validator_value
        return (
            code,
            f"{bound} {number} {unit}{'s' * (number != 1)}",
            f"{len(error.instance)}",
            action,
        )

    return message


def _range(words: str) -> Callable[[Complaint], Message]:
    def message(error: Complaint) -> Message:
        bound = error.validator_value
        return "E110", f"a number {words} {bound:g}", quoted(error.instance), _FIX

    return message


def _repeated(error: Complaint) -> Message:
    items = error.instance
    twice = next(item for number, item in enumerate(items) if item in items[:number])
    return "E111", "each item once", f"{quoted(twice)} twice", "keep one of them"


_MESSAGES: dict[str, Callable[[Complaint], Message]] = {
    "type": _wrong_kind,
    "enum": _wrong_choice,
    "const": _wrong_constant,
    "pattern": _wrong_form,
    "minLength": _count("E106", "at least", "character", "say more"),
    "maxLength": _count("E107", "at most", "character", "shorten it"),
    "minItems": _count("E108", "at least", "item", "add what is missing"),
    "minProperties": _count("E108", "at least", "key", "add what is missing"),
    "maxItems": _count("E109", "at most", "item", "keep the most important"),
    "maxProperties": _count("E109", "at most", "key", "keep one form"),
    "minimum": _range("of at least"),
    "maximum": _range("of at most"),
    "exclusiveMinimum": _range("above"),
    "uniqueItems": _repeated,
}
