"""Reads the JSON of the shared graph format into typed nodes and links, trusting nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from atlas.errors import GraphFormatError

# The largest file that a public tool is known to have produced is 1.7 GB and crashed its viewer.
MAXIMUM_BYTES = 512 * 2**20
LARGEST_INTEGER = 2**53
LARGEST_WEIGHT = 3e38  # of a float32


@dataclass(frozen=True)
class FileNode:
    """One node as the file states it."""

    node_id: str
    display_id: str
    kind: str  # the file's feature_type
    layer: int | None  # None for "E"
    position: int
    feature: int | None
    label: str
    probability: float
    activation: float
    attention: Any = None  # the format's qk_tracing_results, unread


@dataclass(frozen=True, eq=False)
class FileLinks:
    """The links as the file states them, in columns."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    weights: Float64[np.ndarray, " link"]


@dataclass(frozen=True)
class GraphDocument:
    """A whole file: its nodes and links, and the two free-form blocks."""

    metadata: dict[str, Any]
    view: dict[str, Any]  # the format's qParams
    nodes: tuple[FileNode, ...]
    links: FileLinks
    has_attention_nodes: bool  # qk_only_nodes, which stand outside the graph

    def without(self, ids: Collection[str]) -> GraphDocument:
        """The document without the nodes of these ids."""
        return replace(self, nodes=tuple(node for node in self.nodes if node.node_id not in ids))


def read_document(path: Path) -> GraphDocument:
    """A file's content; raises GraphFormatError with one line if it is not the shared format."""
    values = read_json(path)
    check(isinstance(values, dict), str(path), "a JSON object", type(values).__name__)
    blocks = {"metadata": dict, "qParams": dict, "nodes": list, "links": list}
    for name, kind in blocks.items():
        found = values.get(name, {} if name == "qParams" else None)
        expected = "an object" if kind is dict else "a list"
        check(isinstance(found, kind), f"{path} {name}", expected, found)
    return GraphDocument(
        metadata=values["metadata"],
        view=values.get("qParams", {}),
        nodes=tuple(
            read_node(node, f"{path} nodes[{place}]") for place, node in enumerate(values["nodes"])
        ),
        links=read_links(values["links"], f"{path} links"),
        has_attention_nodes=bool(values.get("qk_only_nodes")),
    )


def read_json(path: Path) -> Any:
    """The JSON value in a file; NaN and Infinity, which JSON does not have, are refused."""
    try:
        size = path.stat().st_size
        check(
            size <= MAXIMUM_BYTES,
            str(path),
            f"at most {MAXIMUM_BYTES // 2**20} MiB",
            f"{size // 2**20} MiB",
        )
        return json.loads(path.read_bytes(), parse_constant=refuse_constant)
    except OSError as problem:
        raise GraphFormatError(str(path), "a readable file", problem.strerror or "none") from None
    except (ValueError, RecursionError) as problem:
        raise GraphFormatError(
            str(path),
            "JSON",
            f"text that is none ({problem})"[:160],
            "it may be truncated: fetch or export it again",
        ) from problem


def refuse_constant(name: str) -> float:
    """Refuse NaN and Infinity."""
    raise ValueError(f"{name} is no JSON number")


def read_node(values: Any, where: str) -> FileNode:
    """One node, each field of the type that the format gives it."""
    check(isinstance(values, dict), where, "an object", values)
    for name in ("node_id", "feature_type"):
        check(isinstance(values.get(name), str), f"{where}.{name}", "text", values.get(name))
    feature = values.get("feature")
    return FileNode(
        node_id=values["node_id"],
        display_id=text(values.get("jsNodeId"), f"{where}.jsNodeId"),
        kind=values["feature_type"],
        layer=read_layer(values.get("layer"), f"{where}.layer"),
        position=integer(values.get("ctx_idx"), f"{where}.ctx_idx"),
        feature=None if feature is None else integer(feature, f"{where}.feature"),
        label=text(values.get("clerp"), f"{where}.clerp"),
        probability=number(values.get("token_prob"), f"{where}.token_prob"),
        activation=number(values.get("activation"), f"{where}.activation"),
        attention=values.get("qk_tracing_results"),
    )


def read_links(values: list[Any], where: str) -> FileLinks:
    """All links, each with two ids and a finite weight."""
    broken = [
        place
        for place, link in enumerate(values)
        if type(link) is not dict
        or type(link.get("source")) is not str
        or type(link.get("target")) is not str
        or type(link.get("weight")) not in (int, float)
        or not abs(link["weight"]) < LARGEST_WEIGHT
    ]
    if broken:
        expected = "an object with source and target ids and a finite weight"
        check(False, f"{where}[{broken[0]}]", expected, values[broken[0]])
    return FileLinks(
        tuple(link["source"] for link in values),
        tuple(link["target"] for link in values),
        np.array([link["weight"] for link in values], dtype=np.float64),
    )


def read_layer(value: Any, where: str) -> int | None:
    """A layer given as a number or as its digits; None for "E", the embeddings."""
    if value == "E":
        return None
    if isinstance(value, str):
        digits = value.isascii() and value.isdecimal() and len(value) < 6
        check(digits, where, 'a layer or "E"', value)
        return int(value)
    return integer(value, where)


def integer(value: Any, where: str) -> int:
    """A whole number, 2.0 included; no boolean."""
    whole = type(value) is int or (type(value) is float and value.is_integer())
    check(whole and abs(value) <= LARGEST_INTEGER, where, "a whole number", value)
    return int(value)


def number(value: Any, where: str) -> float:
    """A finite number; 0 where there is none."""
    if value is None:
        return 0.0
    numeric = type(value) in (int, float) and abs(value) < float("inf")
    check(numeric and math.isfinite(value), where, "a finite number", value)
    check(abs(value) < LARGEST_WEIGHT, where, "a number within float32", value)
    return float(value)


def text(value: Any, where: str) -> str:
    """Text; "" where there is none."""
    if value is None:
        return ""
    check(isinstance(value, str), where, "text", value)
    return str(value)


def check(holds: bool, where: str, expected: str, found: object) -> None:
    """Raise GraphFormatError unless the condition holds."""
    if not holds:
        raise GraphFormatError(where, expected, repr(found)[:120])
