"""From approximate rows to an attribution graph that says how approximate it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array

from atlas.graphs.graph import CONSTANTS, AttributionGraph, GraphHeader, NodeKind, NodeTable
from atlas.methods.attribution.explained import NO_TOKEN, indices_of
from atlas.methods.attribution.graph_header import Origin, graph_header
from atlas.methods.attribution.source_nodes import NodeTableBuilder
from atlas.methods.sae_attribution.sources import PromptSources
from atlas.methods.sae_attribution.tracing import Traced


def approximate_graph(
    sources: PromptSources, traced: Traced, origin: Origin, approximation: Mapping[str, Any]
) -> AttributionGraph:
    """The graph of the traced features; all that the others contribute goes to dropped mass.

    `approximation` goes into its header.
    """
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
        header=_header(sources, traced, origin, approximation),
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


def _header(
    sources: PromptSources, traced: Traced, origin: Origin, approximation: Mapping[str, Any]
) -> GraphHeader:
    tracing = {
        "active_features": len(sources.features),
        "traced_features": sum(len(part.columns) for part in traced.parts),
        "unvisited_mass": _unvisited_mass(sources, traced),
    }
    provenance = {"tracing": tracing, "approximate": approximation}
    return graph_header(sources.model, sources.dictionary, sources.ids, origin, provenance)


def _unvisited_mass(sources: PromptSources, traced: Traced) -> float:
    """The share of the influence that ends at features without a row, 0 to 1."""
    untraced = np.ones(len(sources.features), dtype=bool)
    untraced[np.concatenate([part.columns for part in traced.parts])] = False
    mass = traced.influence[: len(sources.features)][untraced].sum()
    return float(min(mass / max(traced.probability.sum(), 1e-30), 1.0))
