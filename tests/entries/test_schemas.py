"""The schemas and the records say the same, and every property is described."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping

import pytest
from jsonschema import Draft202012Validator

from atlas.entries.checks import RECORDS
from atlas.entries.credit import Curator
from atlas.entries.library import own_schema_folder
from atlas.entries.position import Position
from atlas.entries.prompts import PromptRow
from atlas.entries.record import Record, TextValue
from atlas.entries.schema_validation import load_schema

KINDS = {**RECORDS, "prompts": PromptRow}
NAMES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def disagreements(annotation, schema, path):
    """Where an annotation and a schema differ, walking both."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        kinds = [kind for kind in arguments if kind is not type(None)]
        return [one for kind in kinds for one in disagreements(kind, schema, path)]
    if annotation is typing.Any:
        return []
    if origin is typing.Literal:
        return [] if list(arguments) == schema.get("enum") else [f"{path}: {arguments}"]
    types_ = schema.get("type", [])
    allowed = types_ if isinstance(types_, list) else [types_]
    if origin is tuple:
        wrong = [] if "array" in allowed else [f"{path}: not an array"]
        return wrong + disagreements(arguments[0], schema.get("items", {}), f"{path}[]")
    if origin is not None and issubclass(origin, Mapping):
        wrong = [] if "object" in allowed else [f"{path}: not an object"]
        return wrong + disagreements(arguments[1], schema.get("additionalProperties"), f"{path}.*")
    if annotation is Position:
        return [] if set(schema["properties"]) == {"entity", "index"} else [f"{path}: position"]
    if issubclass(annotation, Record):
        return record_disagreements(annotation, schema, path)
    if issubclass(annotation, TextValue):
        return [] if allowed == ["string"] else [f"{path}: not text"]
    if schema.get("const") is not None:
        return [] if isinstance(schema["const"], annotation) else [f"{path}: {schema['const']}"]
    if "enum" in schema:
        return [] if all(isinstance(one, annotation) for one in schema["enum"]) else [path]
    return [] if NAMES[annotation] in allowed else [f"{path}: {annotation} against {allowed}"]


def record_disagreements(record, schema, path):
    fields = {field.metadata.get("key", field.name): field for field in dataclasses.fields(record)}
    hints = typing.get_type_hints(record)
    wrong = []
    if list(fields) != list(schema["properties"]):
        wrong.append(f"{path}: {list(fields)} against {list(schema['properties'])}")
    required = {
        key
        for key, field in fields.items()
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    if required != set(schema["required"]):
        wrong.append(f"{path}: required {required ^ set(schema['required'])}")
    if schema.get("additionalProperties") is not False:
        wrong.append(f"{path}: unknown keys are allowed")
    for key in fields.keys() & schema["properties"].keys():
        inner = schema["properties"][key]
        wrong += disagreements(hints[fields[key].name], inner, f"{path}.{key}")
    return wrong


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_mirrors_its_schema(kind):
    assert record_disagreements(KINDS[kind], load_schema(kind), kind) == []


def test_the_walk_notices_a_difference():
    schema = {
        "properties": {"name": {"type": "integer"}, "orcid": {"type": "string"}},
        "required": [],
    }
    # The keys, the required key, the unknown keys, and the kind of `name`.
    assert len(record_disagreements(Curator, schema, "curator")) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_valid_and_names_itself(kind):
    schema = json.loads((own_schema_folder() / f"{kind}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"{kind}.schema.json"
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def undescribed(schema, path):
    found = []
    if isinstance(schema, dict):
        for key, inner in schema.get("properties", {}).items():
            if not inner.get("description"):
                found.append(f"{path}.{key}")
        for key, inner in schema.items():
            found += undescribed(inner, f"{path}.{key}")
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_property_is_described(kind):
    assert undescribed(load_schema(kind), kind) == []


def test_definitions_of_one_name_are_the_same_in_every_schema():
    seen: dict[str, object] = {}
    for kind in KINDS:
        text = (own_schema_folder() / f"{kind}.schema.json").read_text("utf-8")
        for name, definition in json.loads(text).get("$defs", {}).items():
            assert seen.setdefault(name, definition) == definition, (kind, name)
