"""From computed rows to an attribution graph: nodes, dropped mass, totals and provenance."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int

from atlas.graphs.given_up import with_given_up_mass
from atlas.graphs.graph import AttributionGraph, GraphHeader, NodeKind, NodeTable
from atlas.methods.attribution.assembled_rows import assembled_rows
from atlas.methods.attribution.columns import Columns
from atlas.methods.attribution.explained import Explained
from atlas.methods.attribution.graph_header import Origin, graph_header
from atlas.methods.attribution.source_nodes import NodeTableBuilder, add_sources
from atlas.methods.attribution.traced_rows import TracedRows
from atlas.models.replacement import ErrorParts, FrozenPass


def graph_of_rows(
    frozen: FrozenPass, explained: Explained, rows: TracedRows, origin: Origin
) -> AttributionGraph:
    """The graph of the traced features; all that the others contribute goes to dropped mass."""
    columns = rows.columns
    others = _other_columns(frozen, columns, rows.store.constants)
    kept = np.concatenate([rows.features, others])
    has_lost = len(rows.features) < columns.features or rows.store.gives_up
    gives_up = rows.store.gives_up
    count = len(explained)
    height = len(rows.features) + count
    assembled = assembled_rows(rows.store, kept, len(kept) + has_lost + count, height)
    nodes = _nodes(frozen, explained, rows.features, others, has_lost)
    logit_nodes = len(nodes) - count + np.arange(count)
    row_nodes = np.concatenate([np.arange(len(rows.features)), logit_nodes]).astype(np.int32)
    graph = AttributionGraph(
        nodes=nodes,
        rows=assembled.weights,
        row_nodes=row_nodes,
        row_totals=_totals(frozen, explained, rows),
        header=_header(frozen, origin, rows),
        dropped_absolute=assembled.absolute if has_lost else None,
        row_margins=_margins(frozen, rows, count),
        given_up=assembled.given_up if gives_up else None,
    )
    return with_given_up_mass(graph) if gives_up else graph


def _other_columns(
    frozen: FrozenPass, columns: Columns, constants: set[int]
) -> Int[np.ndarray, " other"]:
    """Errors outside the zero positions, all tokens, and the constants that this model has."""
    shape = (columns.layers, columns.positions, columns.slots)
    has_error = np.ones(shape, dtype=bool)
    if frozen.error_parts is not None:
        has_error = (frozen.error_parts.expert != ErrorParts.ABSENT).cpu().numpy()
    has_error[:, : frozen.zero_positions] = False
    errors = columns.features + np.flatnonzero(has_error)
    present = np.array(sorted(constants), dtype=np.int64)
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
    tracing = {
        "active_features": rows.columns.features,
        "traced_features": len(rows.features),
        "unvisited_mass": rows.unvisited_mass,
    }
    return graph_header(frozen.model, frozen.dictionary, frozen.ids, origin, {"tracing": tracing})
