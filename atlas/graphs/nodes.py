"""The nodes of an attribution graph as columns: what kinds there are and what each column holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int, Int8, Int16, Int32

from atlas.errors import GraphFormatError

CONSTANTS = (
    "encoder_bias",
    "decoder_bias",
    "attention_bias",
    "norm_bias",
    "position_embedding",
    "zero_position_mlp",
    "unembed_bias",
    "skip_bias",
    "query_bias",  # of an attention head's own query or key: in attention scores, not in graphs
    "key_bias",
    "router_bias",
    "intercept",  # of approximate graphs: what is left when no source is there
)


class NodeKind(IntEnum):
    """What a node stands for; nodes of a graph are ordered by it."""

    FEATURE = 0
    ERROR = 1
    TOKEN = 2
    CONSTANT = 3
    DROPPED = 4
    LOGIT = 5  # or whatever else the graph explains


NODE_DTYPES: dict[str, np.dtype[Any]] = {
    "kind": np.dtype(np.int8),
    "layer": np.dtype(np.int16),
    "position": np.dtype(np.int32),
    "index": np.dtype(np.int32),
    "value": np.dtype(np.float32),
}


@dataclass(frozen=True, eq=False)
class NodeTable:
    """One entry per node in each column, ordered by kind and features by (layer, position, index).

    Raises GraphFormatError when columns disagree, are out of order, or describe a node twice.
    """

    kind: Int8[np.ndarray, " node"]  # a NodeKind
    layer: Int16[np.ndarray, " node"]  # -1 for tokens, dropped mass and logits
    position: Int32[np.ndarray, " node"]  # in the prompt, BOS is 0; -1 where there is none
    # Feature | token id | vocabulary id | code in CONSTANTS | on errors 0, or expert + 1 where an
    # error is split by expert. On what is explained and no token's logit (a difference, a feature,
    # a direction, a router's logit), ids after the vocabulary's last, as in circuit-tracer.
    index: Int32[np.ndarray, " node"]
    value: Float32[np.ndarray, " node"]  # activation | logit probability | 0
    label: tuple[str, ...]  # "" mostly; a constant's name, a logit's token, an expert

    def __post_init__(self) -> None:
        check_columns(self)
        check_values(self)
        check_order(self)

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, nodes: Int[np.ndarray, " kept"]) -> NodeTable:
        """The table of these nodes, in this order."""
        columns = {name: getattr(self, name)[nodes] for name in NODE_DTYPES}
        return NodeTable(**columns, label=tuple(self.label[node] for node in nodes))

    def equals(self, other: NodeTable) -> bool:
        """Whether every column is the same, value by value."""
        same = all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in NODE_DTYPES
        )
        return same and self.label == other.label

    def short_name(self, node: int, tokens: Sequence[str]) -> str:
        """A node in as few words as a reader of the prompt's tokens needs."""
        kind, position = NodeKind(int(self.kind[node])), int(self.position[node])
        if kind is NodeKind.FEATURE:
            return f"{self.layer[node]}-{self.index[node]}@{position}"
        if kind is NodeKind.TOKEN:
            return f"token {tokens[position]!r}@{position}"
        if kind is NodeKind.LOGIT:
            return f"logit {self.label[node]!r}"
        return self.describe(node)

    def describe(self, node: int) -> str:
        """A node in a few words, for messages and tables."""
        kind = NodeKind(int(self.kind[node]))
        layer, position, index = self.layer[node], self.position[node], self.index[node]
        match kind:
            case NodeKind.FEATURE:
                return f"feature {layer}-{index} at position {position}"
            case NodeKind.ERROR:
                whole = f"error of layer {layer} at position {position}"
                return whole if index <= 0 else f"{whole}, expert {index - 1}"
            case NodeKind.TOKEN:
                return f"token {index} at position {position}"
            case NodeKind.CONSTANT:
                return f"constant {CONSTANTS[index]}"
            case NodeKind.DROPPED:
                return "dropped mass"
            case _:
                return f"logit {self.label[node] or index!r}"


def check_columns(nodes: NodeTable) -> None:
    """Raise GraphFormatError unless all columns have one length and the agreed dtypes."""
    for field in fields(nodes):
        column = getattr(nodes, field.name)
        if len(column) != len(nodes.kind):
            raise GraphFormatError(
                f"nodes.{field.name}", f"{len(nodes.kind)} entries", f"{len(column)}"
            )
    for name, dtype in NODE_DTYPES.items():
        column = getattr(nodes, name)
        if column.dtype != dtype or column.ndim != 1:
            raise GraphFormatError(
                f"nodes.{name}",
                f"a one-dimensional {dtype} array",
                f"{column.dtype} {column.ndim}-d",
            )


def check_values(nodes: NodeTable) -> None:
    """Raise GraphFormatError if a column holds something that its kind of node cannot have."""
    kind = nodes.kind
    feature_or_error = (kind == NodeKind.FEATURE) | (kind == NodeKind.ERROR)
    constant = kind == NodeKind.CONSTANT
    placeless = ~(feature_or_error | constant)
    logit = kind == NodeKind.LOGIT
    rules: list[tuple[str, str, Bool[np.ndarray, " node"]]] = [
        ("kind", f"0 to {int(max(NodeKind))}", (kind < 0) | (kind > max(NodeKind))),
        ("value", "finite numbers", ~np.isfinite(nodes.value)),
        ("value", "a probability on logits", logit & ~((nodes.value >= 0) & (nodes.value <= 1))),
        ("layer", "0 or more on features and errors", feature_or_error & (nodes.layer < 0)),
        ("layer", "-1 on tokens, dropped mass and logits", placeless & (nodes.layer != -1)),
        ("layer", "-1 or more", nodes.layer < -1),
        ("position", "-1 or more", nodes.position < -1),
        (
            "position",
            "0 or more on features, errors and tokens",
            (kind <= NodeKind.TOKEN) & (nodes.position < 0),
        ),
        ("index", "0 or more on features", (kind == NodeKind.FEATURE) & (nodes.index < 0)),
        (
            "index",
            f"a code below {len(CONSTANTS)} on constants",
            constant & ((nodes.index < 0) | (nodes.index >= len(CONSTANTS))),
        ),
    ]
    for column, expected, broken in rules:
        if broken.any():
            node = int(broken.argmax())
            raise GraphFormatError(
                f"nodes.{column}[{node}]", expected, str(getattr(nodes, column)[node])
            )


def check_order(nodes: NodeTable) -> None:
    """Raise GraphFormatError unless nodes are in order and each is described once."""
    if (np.diff(nodes.kind) < 0).any():
        raise GraphFormatError(
            "nodes.kind", "nodes in the order of their kinds", "another order", "sort the nodes"
        )
    if np.count_nonzero(nodes.kind == NodeKind.DROPPED) > 1:
        raise GraphFormatError("nodes", "at most one node for dropped mass", "more than one")
    keys = (nodes.index, nodes.position, nodes.layer, nodes.kind)
    order = np.lexsort(keys)
    same = np.ones(max(len(nodes) - 1, 0), dtype=bool)
    for key in keys:
        same &= key[order][1:] == key[order][:-1]
    if same.any():
        node = int(order[int(same.argmax())])
        raise GraphFormatError("nodes", "each node once", f"{nodes.describe(node)} twice")
    features = nodes.kind == NodeKind.FEATURE
    if not np.array_equal(order[: features.sum()], np.flatnonzero(features)):
        raise GraphFormatError(
            "nodes", "features ordered by layer, position, index", "another order", "sort the nodes"
        )
