"""Frozen records read from checked data: the typed mirror of the schemas.

A record is a frozen dataclass whose field names are the keys of the YAML. The annotations say
how to read each value, so a record and its schema can be compared field by field.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Self, TypeVar

from atlas.errors import SchemaError

Read = Callable[[Any, str], Any]
Value = TypeVar("Value")


class TextValue:
    """A value that is written as one string, such as a feature's short form."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The value that the text stands for; raises SchemaError for any other text."""
        raise NotImplementedError


@dataclass(frozen=True)
class Only:
    """What a text has to be, for `Annotated`: a text that becomes a path is refused when read."""

    expected: str
    holds: Callable[[str], bool]


def renamed(key: str, default: Any) -> Any:
    """A field whose key in the YAML is a word that Python keeps for itself."""
    return dataclasses.field(default=default, metadata={"key": key})


class Record:
    """Base of the frozen dataclasses that mirror a YAML mapping."""

    @classmethod
    def from_data(cls, data: Any, where: str = "") -> Self:
        """The record written in `data`; `where` names the place in messages.

        Raises SchemaError for a missing key, an unknown key, a value of another kind, or a text
        that is not what its annotation allows. Finer rules are those of `atlas check`.
        """
        where = where or cls.__name__
        if not isinstance(data, Mapping):
            raise SchemaError(where, "a mapping", f"{data!r}", _ADVICE)
        readers = _readers(typing.cast(Any, cls))
        unknown = [key for key in data if key not in readers]
        if unknown:
            raise SchemaError(where, "known keys", f"{unknown[0]!r}", _ADVICE)
        values = {}
        for key, (name, read, required) in readers.items():
            if key in data:
                values[name] = read(data[key], f"{where}.{key}")
            elif required:
                raise SchemaError(where, f"the key {key!r}", "no such key", _ADVICE)
        return cls(**values)


_ADVICE = "run `atlas check` to see every problem of the file"


@cache
def _readers(record: type[Record]) -> dict[str, tuple[str, Read, bool]]:
    """For each key of the YAML: the field's name, how to read it, whether it must be there."""
    hints = typing.get_type_hints(record, include_extras=True)
    readers = {}
    for field in dataclasses.fields(typing.cast(Any, record)):
        key = field.metadata.get("key", field.name)
        required = (
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        )
        readers[key] = (field.name, _reader(hints[field.name]), required)
    return readers


def _reader(annotation: Any) -> Read:
    """How to read a value of the annotated kind."""
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if annotation is Any:
        return lambda value, where: value
    if origin is Annotated:
        return _narrowed_reader(_reader(arguments[0]), arguments[1])
    if origin is Literal:
        return _choice_reader(arguments)
    if origin is tuple:
        return _sequence_reader(_reader(arguments[0]))
    if origin in (typing.Union, types.UnionType):
        return _union_reader([kind for kind in arguments if kind is not type(None)])
    if origin is not None and issubclass(origin, Mapping):
        return _mapping_reader(*map(_reader, arguments))
    if issubclass(annotation, Record):
        return typing.cast(Read, annotation.from_data)
    if issubclass(annotation, TextValue):
        return _text_value_reader(annotation)
    return _scalar_reader(annotation)


def _scalar_reader(kind: type) -> Read:
    accepted: tuple[type, ...] = (int, float) if kind is float else (kind,)

    def read(value: Any, where: str) -> Any:
        if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
            raise SchemaError(where, f"a value of kind {kind.__name__}", f"{value!r}", _ADVICE)
        return kind(value)

    return read


def _narrowed_reader(read_any: Read, only: Only) -> Read:
    def read(value: Any, where: str) -> Any:
        text = read_any(value, where)
        if not only.holds(text):
            raise SchemaError(where, only.expected, f"{text!r}", _ADVICE)
        return text

    return read


def _choice_reader(choices: tuple[Any, ...]) -> Read:
    def read(value: Any, where: str) -> Any:
        if value not in choices:
            raise SchemaError(
                where, f"one of {', '.join(map(str, choices))}", f"{value!r}", _ADVICE
            )
        return value

    return read


def _text_value_reader(kind: type[TextValue]) -> Read:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, str):
            raise SchemaError(where, "text", f"{value!r}", _ADVICE)
        return kind.parse(value)

    return read


def _sequence_reader(read_item: Read) -> Read:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, list | tuple):
            raise SchemaError(where, "a list", f"{value!r}", _ADVICE)
        return tuple(read_item(item, f"{where}[{number}]") for number, item in enumerate(value))

    return read


def _mapping_reader(read_key: Read, read_item: Read) -> Read:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, Mapping):
            raise SchemaError(where, "a mapping", f"{value!r}", _ADVICE)
        return {
            read_key(key, where): read_item(item, f"{where}.{key}") for key, item in value.items()
        }

    return read


def _union_reader(kinds: list[Any]) -> Read:
    """Reads the only kind, or a mapping where one was written and the sequence elsewhere."""
    if len(kinds) == 1:
        return _reader(kinds[0])
    mappings = [kind for kind in kinds if typing.get_origin(kind) is not tuple]
    sequences = [kind for kind in kinds if typing.get_origin(kind) is tuple]
    read_mapping, read_sequence = _reader(mappings[0]), _reader(sequences[0])

    def read(value: Any, where: str) -> Any:
        return (read_mapping if isinstance(value, Mapping) else read_sequence)(value, where)

    return read
