"""From approximate rows to an attribution graph that says how approximate it is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array

from atlas.graphs.graph import CONSTANTS, AttributionGraph, GraphHeader, NodeKind, NodeTable
from atlas.methods.attribution.explained import NO_TOKEN, indices_of
from atlas.methods.attribution.graph_of_rows import Origin, model_provenance, settings_record
from atlas.methods.attribution.source_nodes import NodeTableBuilder
from atlas.methods.sae_attribution.measured_error import measured_error
from atlas.methods.sae_attribution.sources import PromptSources
from atlas.methods.sae_attribution.tracing import Traced


def approximate_graph(sources: PromptSources, traced: Traced, origin: Origin) -> AttributionGraph:
    """The graph of the traced features; all that the others contribute goes to dropped mass."""
    logits, *layers = traced.parts
    parts = [*reversed(layers), logits]
    columns = np.concatenate([part.columns for part in parts])
    total = torch.cat([part.found.total for part in parts]).float().cpu().numpy()
    nodes = _nodes(sources, traced)
    weights = torch.cat([part.found.weights for part in parts]).float().cpu()
    weights = torch.nn.functional.pad(weights, (0, len(traced.places)))
    logit_nodes = len(nodes) - len(traced.places) + np.arange(len(traced.places))
    graph = AttributionGraph(
        nodes=nodes,
        rows=csr_array(weights.numpy()),
        row_nodes=np.concatenate([columns, logit_nodes]).astype(np.int32),
        row_totals=total,
        header=_header(sources, traced, origin),
    )
    traced_or_other = np.ones(len(nodes), dtype=bool)
    traced_or_other[: len(sources.features)] = False
    traced_or_other[columns] = True
    zero_errors = _errors_at_zero_positions(sources)
    traced_or_other[zero_errors] = False
    return graph.subgraph(traced_or_other)


def _errors_at_zero_positions(sources: PromptSources) -> np.ndarray:
    """Columns without a source: nothing is taken apart there."""
    layers = np.arange(len(sources.dictionary.layer_numbers))[:, None] * len(sources.ids)
    zero = np.arange(min(sources.dictionary.zero_positions, len(sources.ids)))
    return (sources.first_error + layers + zero).reshape(-1)


def _nodes(sources: PromptSources, traced: Traced) -> NodeTable:
    table = NodeTableBuilder()
    names = ("layer", "position", "index", "value")
    table.add(
        NodeKind.FEATURE, {name: getattr(sources.features, name).cpu().numpy() for name in names}
    )
    length, layers = len(sources.ids), np.asarray(sources.dictionary.layer_numbers)
    position = np.arange(length)
    errors = {
        "layer": np.repeat(layers, length),
        "position": np.tile(position, len(layers)),
        "index": np.zeros(length * len(layers)),
    }
    table.add(NodeKind.ERROR, errors)
    table.add(NodeKind.TOKEN, {"position": position, "index": sources.ids.cpu().numpy()})
    code = CONSTANTS.index("intercept")
    table.add(NodeKind.CONSTANT, {"index": [code]}, (CONSTANTS[code],))
    token = [place.token if place.foil is None else NO_TOKEN for place in traced.places]
    logits = {
        "position": [place.position for place in traced.places],
        "index": indices_of(token, sources.model.d_vocab),
        "value": traced.probability,
    }
    table.add(NodeKind.LOGIT, logits, tuple(each.label(sources.model) for each in traced.places))
    return table.build()


def _header(sources: PromptSources, traced: Traced, origin: Origin) -> GraphHeader:
    model = sources.model
    ids = [int(token) for token in sources.ids]
    rows = sum(len(part.columns) for part in traced.parts)
    unvisited = _unvisited_mass(sources, traced)
    return GraphHeader(
        model=model.name,
        dictionary=sources.dictionary.name,
        prompt=origin.prompt,
        tokens=tuple(model.token_string(token) for token in ids),
        token_ids=tuple(ids),
        settings=settings_record(origin.settings),
        provenance={
            **model_provenance(model),
            "zero_positions": sources.dictionary.zero_positions,
            "tracing": {
                "active_features": len(sources.features),
                "traced_features": rows,
                "unvisited_mass": unvisited,
            },
            "approximate": _approximation(sources, traced, origin.settings),
        },
    )


def _unvisited_mass(sources: PromptSources, traced: Traced) -> float:
    """The share of the influence that ends at features without a row, 0 to 1."""
    untraced = np.ones(len(sources.features), dtype=bool)
    untraced[np.concatenate([part.columns for part in traced.parts])] = False
    mass = traced.influence[: len(sources.features)][untraced].sum()
    return float(min(mass / max(traced.probability.sum(), 1e-30), 1.0))


def _approximation(sources: PromptSources, traced: Traced, settings: Any) -> dict[str, Any]:
    """How the edges were estimated, and how far they are from measured effects."""
    rows = [(part.rows, part.found) for part in traced.parts]
    error = measured_error(sources, rows, _checked(sources, traced, settings))
    record = {
        "method": "gradient" if settings.steps == 1 else "integrated_gradients",
        "steps": settings.steps,
        **asdict(error),
    }
    if settings.steps > 1:
        record["ig_completeness"] = _ig_completeness(traced)
    return record


def _checked(sources: PromptSources, traced: Traced, settings: Any) -> list[int]:
    """Half of them the most influential features, half drawn from the others that are reached."""
    influence = traced.influence[: len(sources.features)]
    order = np.argsort(-influence, kind="stable")
    order = order[influence[order] > 0]
    first = order[: -(-settings.checked_sources // 2)]
    rest = order[len(first) :]
    count = min(settings.checked_sources - len(first), len(rest))
    drawn = np.random.default_rng(settings.seed).choice(rest, count, replace=False)
    return [int(column) for column in np.sort(np.concatenate([first, drawn]))]


def _ig_completeness(traced: Traced) -> float:
    """1 − Σ |what a row's sum misses| / Σ |its total − its intercept|, over all rows."""
    weights = torch.cat([part.found.weights for part in traced.parts]).double()
    total = torch.cat([part.found.total for part in traced.parts]).double()
    missed = (total - weights.sum(1)).abs().sum()
    return float(1 - missed / (total - weights[:, -1]).abs().sum().clamp_min(1e-30))
