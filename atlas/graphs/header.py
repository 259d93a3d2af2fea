"""What a graph says about its own origin: model, prompt, settings, provenance."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any

from atlas.errors import GraphFormatError

FORMAT = "llm-circuits-atlas graph"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class GraphHeader:
    """What a graph was made from and how; everything in it is JSON.

    Raises GraphFormatError if a field has another type or the token columns disagree.
    """

    model: str
    dictionary: str
    prompt: str
    tokens: tuple[str, ...]  # one per position, BOS included
    token_ids: tuple[int, ...] = ()  # one per position, or none where unknown
    settings: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        check_fields({item.name: getattr(self, item.name) for item in fields(self)})

    def to_json(self) -> dict[str, Any]:
        """The header as JSON values; `from_json` gives it back."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {"format": FORMAT, **values}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> GraphHeader:
        """The header that `to_json` described; raises GraphFormatError if it is none."""
        expect(values.get("format") == FORMAT, "format", repr(FORMAT), values.get("format"))
        names = [item.name for item in fields(cls)]
        missing = [name for name in names if name not in values]
        expect(not missing, "fields", f"all of {', '.join(names)}", f"no {', '.join(missing)}")
        picked = {name: values[name] for name in names}
        for name in ("tokens", "token_ids"):
            expect(isinstance(picked[name], list), name, "a list", picked[name])
            picked[name] = tuple(picked[name])
        check_fields(picked)
        return cls(**picked)


def check_fields(values: dict[str, Any]) -> None:
    """Raise GraphFormatError unless every field of a header has its type and they agree."""
    for name in ("model", "dictionary", "prompt"):
        expect(isinstance(values[name], str), name, "text", values[name])
    for name, kind in (("tokens", str), ("token_ids", int)):
        listed = isinstance(values[name], tuple) and all(type(v) is kind for v in values[name])
        expect(listed, name, f"a tuple of {kind.__name__}", values[name])
    for name in ("settings", "provenance"):
        expect(isinstance(values[name], dict), name, "a mapping", values[name])
    count = len(values["tokens"])
    agree = len(values["token_ids"]) in (0, count)
    expect(agree, "token_ids", f"none or {count}, one per token", values["token_ids"])
    version = values["format_version"]
    known = type(version) is int and version == FORMAT_VERSION
    expect(known, "format_version", f"{FORMAT_VERSION}, the version that this atlas reads", version)


def header_bytes(header: GraphHeader, labels: tuple[str, ...]) -> bytes:
    """Header and node labels as canonical JSON; raises GraphFormatError where JSON has no word."""
    named = {str(node): label for node, label in enumerate(labels) if label}
    try:
        text = json.dumps(
            {**header.to_json(), "labels": named},
            sort_keys=True,
            allow_nan=False,
            separators=(",", ":"),
        )
    except (TypeError, ValueError, RecursionError) as problem:
        raise GraphFormatError(
            "header", "settings and provenance made of JSON values", str(problem)
        ) from problem
    return text.encode("ascii")


def parse_header(data: bytes, node_count: int) -> tuple[GraphHeader, tuple[str, ...]]:
    """Header and node labels from their JSON; raises GraphFormatError if they cannot be read."""
    try:
        values = json.loads(data, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as problem:
        raise GraphFormatError("header", "JSON", str(problem)[:200]) from problem
    expect(isinstance(values, dict), "top level", "a mapping", type(values).__name__)
    named = values.get("labels", {})
    expect(isinstance(named, dict), "labels", "a mapping from node to text", named)
    labels = [""] * node_count
    for node, label in named.items():
        known = node.isdecimal() and node.isascii() and len(node) < 12 and int(node) < node_count
        expect(known, "labels", f"nodes below {node_count}", node)
        expect(isinstance(label, str), f"labels.{node}", "text", label)
        labels[int(node)] = label
    return GraphHeader.from_json(values), tuple(labels)


def refuse_constant(name: str) -> float:
    """Refuse NaN and Infinity, which JSON does not have."""
    raise ValueError(f"{name} is not JSON")


def expect(holds: bool, name: str, expected: str, found: object) -> None:
    """Raise GraphFormatError about a header field unless the condition holds."""
    if not holds:
        raise GraphFormatError(f"header.{name}", expected, repr(found)[:120])
