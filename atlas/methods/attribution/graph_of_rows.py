"""From computed rows to an attribution graph: nodes, dropped mass, totals and provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Float32, Int
from scipy.sparse import csc_array, csr_array, hstack

from atlas.graphs.graph import CONSTANTS, AttributionGraph, GraphHeader, NodeKind, NodeTable
from atlas.graphs.nodes import NODE_DTYPES
from atlas.methods.attribution.sweep import Columns
from atlas.methods.attribution.targets import TracedLogits
from atlas.models.active_features import ZERO_POSITIONS
from atlas.models.replacement import ErrorParts, FrozenPass


@dataclass(frozen=True, eq=False)
class TracedRows:
    """The rows that were computed: features by column, then logits."""

    features: Int[np.ndarray, " traced"]  # the columns of the features that have a row
    weights: csr_array  # float32 [row, column]
    columns: Columns


@dataclass(frozen=True)
class Origin:
    """What the graph was made from, for its header."""

    prompt: str
    settings: Any  # a frozen dataclass


def graph_of_rows(
    frozen: FrozenPass, logits: TracedLogits, rows: TracedRows, origin: Origin
) -> AttributionGraph:
    """The graph of the traced features; all that the others contribute goes to dropped mass."""
    columns, weights = rows.columns, rows.weights.tocsc()
    untraced = np.setdiff1d(np.arange(columns.features), rows.features)
    lost = weights[:, untraced]
    net = np.asarray(lost.sum(axis=1), dtype=np.float32).reshape(-1, 1)
    absolute = np.asarray(abs(lost).sum(axis=1), dtype=np.float32).reshape(-1)
    others = _other_columns(frozen, columns, weights)
    has_lost = len(untraced) > 0
    parts = [weights[:, np.concatenate([rows.features, others])]]
    if has_lost:
        parts.append(csr_array(net))
    count = len(logits.index)
    parts.append(csr_array((weights.shape[0], count), dtype=np.float32))
    nodes = _nodes(frozen, logits, rows.features, others, has_lost)
    logit_nodes = len(nodes) - count + np.arange(count)
    row_nodes = np.concatenate([np.arange(len(rows.features)), logit_nodes]).astype(np.int32)
    return AttributionGraph(
        nodes=nodes,
        rows=hstack(parts, format="csr"),
        row_nodes=row_nodes,
        row_totals=_totals(frozen, logits, rows),
        header=_header(frozen, origin),
        dropped_absolute=absolute if has_lost else None,
        row_margins=_margins(frozen, rows, count),
    )


def _other_columns(
    frozen: FrozenPass, columns: Columns, weights: csc_array
) -> Int[np.ndarray, " other"]:
    """Errors outside the zero positions, all tokens, and the constants that this model has."""
    shape = (columns.layers, columns.positions, columns.slots)
    has_error = np.ones(shape, dtype=bool)
    if frozen.error_parts is not None:
        has_error = (frozen.error_parts.expert != ErrorParts.ABSENT).cpu().numpy()
    has_error[:, :ZERO_POSITIONS] = False
    errors = columns.features + np.flatnonzero(has_error)
    constants = np.arange(columns.first_constant, columns.count)
    present = np.asarray(abs(weights[:, constants]).sum(axis=0)).reshape(-1) > 0
    tokens = np.arange(columns.first_token, columns.first_constant)
    return np.concatenate([errors, tokens, constants[present]])


def _nodes(
    frozen: FrozenPass,
    logits: TracedLogits,
    features: Int[np.ndarray, " traced"],
    others: Int[np.ndarray, " other"],
    has_lost: bool,
) -> NodeTable:
    columns = Columns.of(frozen)
    active = frozen.features
    table = _TableBuilder()
    names = ("layer", "position", "index", "value")
    chosen = {name: getattr(active, name).cpu().numpy()[features] for name in names}
    table.add(NodeKind.FEATURE, chosen)
    errors = others[others < columns.first_token] - columns.features
    table.add(NodeKind.ERROR, *_error_nodes(frozen, errors))
    position = np.arange(columns.positions)
    table.add(NodeKind.TOKEN, {"position": position, "index": frozen.ids.cpu().numpy()})
    codes = others[others >= columns.first_constant] - columns.first_constant
    table.add(NodeKind.CONSTANT, {"index": codes}, tuple(CONSTANTS[code] for code in codes))
    if has_lost:
        table.add(NodeKind.DROPPED, {"index": np.zeros(1)})
    read_at = logits.reading.targets.position.cpu().numpy()
    traced = {"position": read_at, "index": logits.index, "value": logits.probability}
    table.add(NodeKind.LOGIT, traced, logits.label)
    return table.build()


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


class _TableBuilder:
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


def _totals(
    frozen: FrozenPass, logits: TracedLogits, rows: TracedRows
) -> Float32[np.ndarray, " row"]:
    features = frozen.features.pre.cpu().numpy()[rows.features]
    return np.concatenate([features, logits.total.cpu().numpy()]).astype(np.float32)


def _margins(
    frozen: FrozenPass, rows: TracedRows, logits: int
) -> Float32[np.ndarray, " row"] | None:
    """How far each traced feature is from switching, where its pre-activation does not tell."""
    if frozen.features.margin is None:
        return None
    features = frozen.features.margin.cpu().numpy()[rows.features]
    return np.concatenate([features, np.zeros(logits)]).astype(np.float32)


def _header(frozen: FrozenPass, origin: Origin) -> GraphHeader:
    model = frozen.model
    ids = [int(token) for token in frozen.ids]
    libraries = ("torch", "transformers", "transformer-lens", "llm-circuits-atlas")
    return GraphHeader(
        model=model.name,
        dictionary=frozen.dictionary.name,
        prompt=origin.prompt,
        tokens=tuple(model.token_string(token) for token in ids),
        token_ids=tuple(ids),
        settings={
            "method": "attribute",
            **asdict(origin.settings),
            "target": {
                "kind": type(origin.settings.target).__name__,
                **asdict(origin.settings.target),
            },
        },
        provenance={
            "architecture": model.architecture,
            "dtype": str(model.dtype).removeprefix("torch."),
            "device": str(model.device),
            "zero_positions": ZERO_POSITIONS,
            "versions": {name: _version(name) for name in libraries},
        },
    )


def _version(library: str) -> str:
    try:
        return version(library)
    except ImportError:  # PackageNotFoundError: run from a checkout that is not installed
        return "unknown"
