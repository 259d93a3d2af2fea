"""From computed rows to an attribution graph: nodes, dropped mass, totals and provenance."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
from jaxtyping import Float32, Int
from scipy.sparse import csr_array

from atlas.graphs.graph import AttributionGraph, GraphHeader, NodeKind, NodeTable
from atlas.methods.attribution.columns import Columns
from atlas.methods.attribution.explained import Explained
from atlas.methods.attribution.source_nodes import NodeTableBuilder, add_sources
from atlas.methods.attribution.target_record import target_record
from atlas.methods.attribution.traced_rows import TracedRows
from atlas.models.replacement import ErrorParts, FrozenPass


@dataclass(frozen=True)
class Origin:
    """What the graph was made from, for its header."""

    prompt: str
    settings: Any  # a frozen dataclass


def graph_of_rows(
    frozen: FrozenPass, explained: Explained, rows: TracedRows, origin: Origin
) -> AttributionGraph:
    """The graph of the traced features; all that the others contribute goes to dropped mass."""
    columns, weights = rows.columns, rows.weights
    others = _other_columns(frozen, columns, weights)
    kept = np.concatenate([rows.features, others])
    has_lost = len(rows.features) < columns.features
    count = len(explained)
    renumbered, absolute = _renumbered(weights, kept, len(kept) + has_lost + count)
    nodes = _nodes(frozen, explained, rows.features, others, has_lost)
    logit_nodes = len(nodes) - count + np.arange(count)
    row_nodes = np.concatenate([np.arange(len(rows.features)), logit_nodes]).astype(np.int32)
    return AttributionGraph(
        nodes=nodes,
        rows=renumbered,
        row_nodes=row_nodes,
        row_totals=_totals(frozen, explained, rows),
        header=_header(frozen, origin, rows),
        dropped_absolute=absolute if has_lost else None,
        row_margins=_margins(frozen, rows, count),
    )


def _renumbered(
    weights: csr_array, kept: Int[np.ndarray, " kept"], width: int
) -> tuple[csr_array, Float32[np.ndarray, " row"]]:
    """The rows with these columns first; the sum of the others in each row stands after them.

    Also the sum of the others' absolute values. `kept` ascends, so entries stay in their order.
    """
    node = np.full(weights.shape[1], -1, dtype=np.int32)
    node[kept] = np.arange(len(kept))
    columns, values, pointers = node[weights.indices], weights.data, weights.indptr
    count = len(pointers) - 1
    lost = columns < 0
    if not lost.any():
        shape = (count, width)
        return csr_array((values, columns, pointers), shape=shape), np.zeros(count, np.float32)
    row = np.repeat(np.arange(count), np.diff(pointers))
    lost_row, lost_values = row[lost], values[lost]
    net = np.bincount(lost_row, lost_values, count).astype(np.float32)
    absolute = np.bincount(lost_row, np.abs(lost_values), count).astype(np.float32)
    ends = np.cumsum(np.bincount(row[~lost], minlength=count))
    filled = np.flatnonzero(net)
    columns = np.insert(columns[~lost], ends[filled], len(kept))
    values = np.insert(values[~lost], ends[filled], net[filled])
    pointers = np.concatenate([[0], ends + np.cumsum(net != 0)])
    return csr_array((values, columns, pointers), shape=(count, width)), absolute


def _other_columns(
    frozen: FrozenPass, columns: Columns, weights: csr_array
) -> Int[np.ndarray, " other"]:
    """Errors outside the zero positions, all tokens, and the constants that this model has."""
    shape = (columns.layers, columns.positions, columns.slots)
    has_error = np.ones(shape, dtype=bool)
    if frozen.error_parts is not None:
        has_error = (frozen.error_parts.expert != ErrorParts.ABSENT).cpu().numpy()
    has_error[:, : frozen.zero_positions] = False
    errors = columns.features + np.flatnonzero(has_error)
    present = np.unique(weights.indices[weights.indices >= columns.first_constant])
    tokens = np.arange(columns.first_token, columns.first_constant)
    return np.concatenate([errors, tokens, present])


def _nodes(
    frozen: FrozenPass,
    explained: Explained,
    features: Int[np.ndarray, " traced"],
    others: Int[np.ndarray, " other"],
    has_lost: bool,
) -> NodeTable:
    table = NodeTableBuilder()
    add_sources(table, frozen, np.concatenate([features, others]))
    if has_lost:
        table.add(NodeKind.DROPPED, {"index": np.zeros(1)})
    read_at = explained.reading.targets.position.cpu().numpy()
    index = explained.index(frozen.model.d_vocab)
    traced = {"position": read_at, "index": index, "value": explained.probability}
    table.add(NodeKind.LOGIT, traced, explained.label)
    return table.build()


def _totals(
    frozen: FrozenPass, explained: Explained, rows: TracedRows
) -> Float32[np.ndarray, " row"]:
    features = frozen.features.pre.cpu().numpy()[rows.features]
    return np.concatenate([features, explained.total.cpu().numpy()]).astype(np.float32)


def _margins(
    frozen: FrozenPass, rows: TracedRows, logits: int
) -> Float32[np.ndarray, " row"] | None:
    """How far each traced feature is from switching, where its pre-activation does not tell."""
    if frozen.features.margin is None:
        return None
    features = frozen.features.margin.cpu().numpy()[rows.features]
    return np.concatenate([features, np.zeros(logits)]).astype(np.float32)


def _header(frozen: FrozenPass, origin: Origin, rows: TracedRows) -> GraphHeader:
    model = frozen.model
    ids = [int(token) for token in frozen.ids]
    libraries = ("torch", "transformers", "transformer-lens", "llm-circuits-atlas")
    return GraphHeader(
        model=model.name,
        dictionary=frozen.dictionary.name,
        prompt=origin.prompt,
        tokens=tuple(model.token_string(token) for token in ids),
        token_ids=tuple(ids),
        settings=settings_record(origin.settings),
        provenance={
            "architecture": model.architecture,
            "dtype": model.precision,
            "device": str(model.device),
            "d_vocab": model.d_vocab,  # nodes of tokens' logits have an index below it
            "zero_positions": frozen.zero_positions,
            "tracing": {
                "active_features": rows.columns.features,
                "traced_features": len(rows.features),
                "unvisited_mass": rows.unvisited_mass,
            },
            "versions": {name: _version(name) for name in libraries},
        },
    )


def settings_record(settings: Any) -> dict[str, Any]:
    """What a graph's header says of the settings that it was made with."""
    target = target_record(settings.target)
    return {"method": "attribute", **asdict(settings), "target": target}


@cache
def _version(library: str) -> str:
    try:
        return version(library)
    except ImportError:  # PackageNotFoundError: run from a checkout that is not installed
        return "unknown"
