"""From computed rows to an attribution graph: nodes, dropped mass, totals and provenance."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
from jaxtyping import Float32, Int
from scipy.sparse import csc_array, csr_array, hstack

from atlas.graphs.graph import AttributionGraph, GraphHeader, NodeKind, NodeTable
from atlas.methods.attribution.columns import Columns
from atlas.methods.attribution.source_nodes import NodeTableBuilder, add_sources
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
    table = NodeTableBuilder()
    add_sources(table, frozen, np.concatenate([features, others]))
    if has_lost:
        table.add(NodeKind.DROPPED, {"index": np.zeros(1)})
    read_at = logits.reading.targets.position.cpu().numpy()
    traced = {"position": read_at, "index": logits.index, "value": logits.probability}
    table.add(NodeKind.LOGIT, traced, logits.label)
    return table.build()


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


@cache
def _version(library: str) -> str:
    try:
        return version(library)
    except ImportError:  # PackageNotFoundError: run from a checkout that is not installed
        return "unknown"
