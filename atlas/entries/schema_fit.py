"""A quick yes to data that fits its schema, so that only misfits pay for a full account.

A schema is turned once into nested functions, one per keyword. jsonschema stays the judge of what
is wrong and where; a test compares the two on broken data of every kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Fits = Callable[[Any], bool]

# What a schema may say without restricting the data.
_WORDS = {"$schema", "$id", "title", "description"}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
    "boolean": (bool,),
}


def compile_schema(schema: Mapping[str, Any]) -> Fits:
    """A function that says whether data fits the schema, which has no references.

    Raises NotImplementedError for a keyword that this project's schemas do not use.
    """
    tests = [
        make(schema) for keywords, make in _MAKERS if any(keyword in schema for keyword in keywords)
    ]
    known = _WORDS.union(*(keywords for keywords, _ in _MAKERS))
    unknown = schema.keys() - known
    if unknown:
        raise NotImplementedError(f"schema keywords {sorted(unknown)}")
    return lambda value: all(test(value) for test in tests)


def _type(schema: Mapping[str, Any]) -> Fits:
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    accepted = frozenset(kind for name in names for kind in _TYPES[name])
    whole_floats = "integer" in names  # 2.0 is an integer to JSON Schema
    return lambda value: (
        type(value) in accepted or (whole_floats and type(value) is float and value.is_integer())
    )


def _choices(schema: Mapping[str, Any]) -> Fits:
    choices = schema.get("enum", [schema.get("const")])

    def fits(value: Any) -> bool:
        """1.0 is 1 to JSON Schema, and true is not."""
        return any(
            value == one and isinstance(value, bool) is isinstance(one, bool) for one in choices
        )

    return fits


def _text(schema: Mapping[str, Any]) -> Fits:
    low, high = schema.get("minLength", 0), schema.get("maxLength", float("inf"))
    pattern = compile_pattern(schema["pattern"]) if "pattern" in schema else None
    return lambda value: (
        type(value) is not str
        or (low <= len(value) <= high and (pattern is None or pattern.search(value) is not None))
    )


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """The pattern, without Python's habit of letting $ match before a last line feed."""
    return re.compile(f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern)


def _range(schema: Mapping[str, Any]) -> Fits:
    low, high = schema.get("minimum", -float("inf")), schema.get("maximum", float("inf"))
    above = schema.get("exclusiveMinimum", -float("inf"))
    return lambda value: type(value) not in (int, float) or (low <= value <= high and value > above)


def _mapping(schema: Mapping[str, Any]) -> Fits:
    properties = {
        name: compile_schema(inner) for name, inner in schema.get("properties", {}).items()
    }
    required = schema.get("required", ())
    low, high = schema.get("minProperties", 0), schema.get("maxProperties", float("inf"))
    names = compile_schema(schema["propertyNames"]) if "propertyNames" in schema else None
    others = schema.get("additionalProperties", True)
    other = (lambda value: others) if isinstance(others, bool) else compile_schema(others)

    def fits(value: Any) -> bool:
        if type(value) is not dict:
            return True
        if not low <= len(value) <= high or any(name not in value for name in required):
            return False
        for name, inner in value.items():
            if names is not None and not names(name):
                return False
            if not properties.get(name, other)(inner):
                return False
        return True

    return fits


def _sequence(schema: Mapping[str, Any]) -> Fits:
    low, high = schema.get("minItems", 0), schema.get("maxItems", float("inf"))
    item = compile_schema(schema.get("items", {}))
    distinct = schema.get("uniqueItems", False)

    def fits(value: Any) -> bool:
        if type(value) is not list:
            return True
        if not low <= len(value) <= high or not all(item(one) for one in value):
            return False
        return not distinct or not any(one in value[:number] for number, one in enumerate(value))

    return fits


_MAKERS: tuple[tuple[frozenset[str], Callable[[Mapping[str, Any]], Fits]], ...] = (
    (frozenset({"type"}), _type),
    (frozenset({"enum", "const"}), _choices),
    (frozenset({"minLength", "maxLength", "pattern"}), _text),
    (frozenset({"minimum", "maximum", "exclusiveMinimum"}), _range),
    (
        frozenset(
            {
                "properties",
                "required",
                "additionalProperties",
                "propertyNames",
                "minProperties",
                "maxProperties",
            }
        ),
        _mapping,
    ),  # fmt: skip
    (frozenset({"items", "minItems", "maxItems", "uniqueItems"}), _sequence),
)
