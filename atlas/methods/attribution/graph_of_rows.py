"""From computed rows to an attribution graph: nodes, dropped mass, totals and provenance."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
from jaxtyping import Float32, Int

from atlas.graphs.given_up import with_given_up_mass
from atlas.graphs.graph import AttributionGraph, GraphHeader, NodeKind, NodeTable
from atlas.methods.attribution.assembled_rows import assembled_rows
from atlas.methods.attribution.columns import Columns
from atlas.methods.attribution.explained import Explained
from atlas.methods.attribution.source_nodes import NodeTableBuilder, add_sources
from atlas.methods.attribution.target_record import target_record
from atlas.methods.attribution.traced_rows import TracedRows
from atlas.models.language_model import LanguageModel
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
    model = frozen.model
    ids = [int(token) for token in frozen.ids]
    return GraphHeader(
        model=model.name,
        dictionary=frozen.dictionary.name,
        prompt=origin.prompt,
        tokens=tuple(model.token_string(token) for token in ids),
        token_ids=tuple(ids),
        settings=settings_record(origin.settings),
        provenance={
            **model_provenance(model),
            "zero_positions": frozen.zero_positions,
            "tracing": {
                "active_features": rows.columns.features,
                "traced_features": len(rows.features),
                "unvisited_mass": rows.unvisited_mass,
            },
        },
    )


def model_provenance(model: LanguageModel) -> dict[str, Any]:
    """What a graph's header says of the model and of what ran it."""
    libraries = ("torch", "transformers", "transformer-lens", "llm-circuits-atlas")
    return {
        "architecture": model.architecture,
        "dtype": model.precision,
        "device": str(model.device),
        "d_vocab": model.d_vocab,  # nodes of tokens' logits have an index below it
        "versions": {name: _version(name) for name in libraries},
    }


def settings_record(settings: Any) -> dict[str, Any]:
    """What a graph's header says of the settings that it was made with.

    A share that keeps everything is not written, nor how much memory a chunk might take: neither
    makes another graph.
    """
    target = target_record(settings.target)
    recorded = {"method": settings.method, **asdict(settings), "target": target}
    recorded.pop("chunk_bytes", None)
    if recorded.get("keep") == 1:
        del recorded["keep"]
    return recorded


@cache
def _version(library: str) -> str:
    try:
        return version(library)
    except ImportError:  # PackageNotFoundError: run from a checkout that is not installed
        return "unknown"
