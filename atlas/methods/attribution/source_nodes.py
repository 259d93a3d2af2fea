"""The columns of a sweep as nodes: features, errors, tokens and constants of one prompt."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Int

from atlas.graphs.graph import CONSTANTS, NodeKind, NodeTable
from atlas.graphs.nodes import NODE_DTYPES
from atlas.methods.attribution.columns import Columns
from atlas.models.replacement import ErrorParts, FrozenPass


class NodeTableBuilder:
    """Collects the columns of a node table kind by kind."""

    # What a column says of a node that has no such property.
    ABSENT = MappingProxyType({"layer": -1, "position": -1, "index": 0, "value": 0.0})

    def __init__(self) -> None:
        self._columns: dict[str, list[np.ndarray]] = {name: [] for name in NODE_DTYPES}
        self._labels: list[str] = []

    def add(self, kind: NodeKind, columns: Mapping[str, Any], label: tuple[str, ...] = ()) -> None:
        """Add nodes of one kind; columns that are left out get their value for absence."""
        count = len(columns["index"])
        self._columns["kind"].append(np.full(count, int(kind)))
        for name, absent in self.ABSENT.items():
            column = columns.get(name)
            self._columns[name].append(
                np.full(count, absent) if column is None else np.asarray(column)
            )
        self._labels.extend(label or [""] * count)

    def build(self) -> NodeTable:
        """The table."""
        joined = {
            name: np.concatenate(parts).astype(NODE_DTYPES[name])
            for name, parts in self._columns.items()
        }
        return NodeTable(**joined, label=tuple(self._labels))


def add_sources(
    table: NodeTableBuilder, frozen: FrozenPass, chosen: Int[np.ndarray, " source"]
) -> None:
    """Add the sources of these columns, which must ascend."""
    columns = Columns.of(frozen)
    features = chosen[chosen < columns.features]
    names = ("layer", "position", "index", "value")
    active = {name: getattr(frozen.features, name).cpu().numpy()[features] for name in names}
    table.add(NodeKind.FEATURE, active)
    errors = chosen[(chosen >= columns.features) & (chosen < columns.first_token)]
    table.add(NodeKind.ERROR, *_error_nodes(frozen, errors - columns.features))
    tokens = chosen[(chosen >= columns.first_token) & (chosen < columns.first_constant)]
    position = tokens - columns.first_token
    table.add(NodeKind.TOKEN, {"position": position, "index": frozen.ids.cpu().numpy()[position]})
    codes = chosen[chosen >= columns.first_constant] - columns.first_constant
    table.add(NodeKind.CONSTANT, {"index": codes}, tuple(CONSTANTS[code] for code in codes))


def _error_nodes(
    frozen: FrozenPass, errors: Int[np.ndarray, " error"]
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """The columns of error nodes, given as numbers among all slots, and their labels."""
    shape = (frozen.model.layers, frozen.length, frozen.error_slots)
    layer, position, slot = np.unravel_index(errors, shape)
    expert = np.full_like(errors, ErrorParts.WHOLE)
    if frozen.error_parts is not None:
        expert = frozen.error_parts.expert.cpu().numpy()[layer, position, slot]
    label = tuple("" if each < 0 else f"expert {each}" for each in expert)
    return {"layer": layer, "position": position, "index": expert + 1}, label
