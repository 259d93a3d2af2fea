"""Which rows an approximate graph has: the logits', then each layer's most influential features."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64

from atlas.methods.attribution.logit_places import LogitPlace, logit_places
from atlas.methods.sae_attribution.rows import Rows, Weights, feature_rows, weights_of
from atlas.methods.sae_attribution.settings import SaeAttributionSettings
from atlas.methods.sae_attribution.sources import PromptSources
from atlas.models.sites import Site

SMALLEST_ROW_SUM = 1e-30


@dataclass(frozen=True)
class TracedPart:
    """The rows of the logits, or of one layer's features."""

    columns: Int64[np.ndarray, " row"]  # of the features; of logits, none
    rows: Rows
    found: Weights


@dataclass
class Traced:
    """All rows so far, logits first, then layers from the highest on; it grows part by part."""

    places: list[LogitPlace]
    probability: Float64[np.ndarray, " logit"]
    # Per column, over all paths from the logits, each row scaled to an absolute sum of 1.
    influence: Float64[np.ndarray, " column"]
    parts: list[TracedPart] = field(default_factory=list)

    def add(self, part: TracedPart) -> None:
        """Add rows whose targets' influence is known, and pass it on to their sources."""
        self.parts.append(part)
        arrived = self.influence[part.columns] if len(part.columns) else self.probability
        absolute = part.found.weights[:, :-1].abs().double().cpu().numpy()
        shares = absolute / np.maximum(absolute.sum(1, keepdims=True), SMALLEST_ROW_SUM)
        self.influence[:-1] += arrived @ shares


def trace(
    sources: PromptSources,
    settings: SaeAttributionSettings,
    progress: Callable[[int, int], None] | None = None,
) -> Traced:
    """Rows from the logits down.

    All edges lead to lower layers, so that the influence of a layer's features is whole when the
    layer is reached.
    """
    places = logit_places(sources.model, sources.logits, settings.target)
    probabilities = sources.logits.float().softmax(-1)
    traced = Traced(
        places,
        np.array([_probability(place, probabilities) for place in places]),
        np.zeros(sources.intercept + 1),
    )
    counts = _row_counts(sources, settings)
    total, done = len(places) + sum(counts.values()), 0

    def add(rows: Rows, columns: Int64[np.ndarray, " row"]) -> None:
        nonlocal done
        found = weights_of(sources, rows, settings.steps, settings.rows_per_chunk)
        traced.add(TracedPart(columns, rows, found))
        done += len(rows)
        if progress is not None:
            progress(done, total)

    add(_logit_rows(sources, places), np.zeros(0, np.int64))
    for layer, count in sorted(counts.items(), reverse=True):
        if count:
            columns = _most_influential(sources, traced, layer, count)
            add(feature_rows(sources, torch.from_numpy(columns)), columns)
    return traced


def _row_counts(sources: PromptSources, settings: SaeAttributionSettings) -> dict[int, int]:
    """How many features of each layer get a row."""
    active = np.bincount(sources.features.layer.cpu().numpy(), minlength=sources.model.layers)
    layers = sources.dictionary.layer_numbers
    most = len(sources.features)
    if settings.max_feature_nodes is not None:
        most = math.ceil(settings.max_feature_nodes / len(layers))
    return {layer: min(int(active[layer]), most) for layer in layers}


def _probability(
    place: LogitPlace, probabilities: Float[torch.Tensor, "position d_vocab"]
) -> float:
    """The token's probability; 1 for a difference."""
    return 1.0 if place.foil is not None else float(probabilities[place.position, place.token])


def _most_influential(
    sources: PromptSources, traced: Traced, layer: int, most: int
) -> Int64[np.ndarray, " row"]:
    """The columns of a layer's features that get a row, ascending."""
    columns = np.flatnonzero(sources.features.layer.cpu().numpy() == layer)
    order = np.argsort(-traced.influence[columns], kind="stable")[:most]
    return np.sort(columns[order])


def _logit_rows(sources: PromptSources, places: list[LogitPlace]) -> Rows:
    """Demeaned logits before a soft cap, or differences of two."""
    unembedding, device = sources.model.unembedding(), sources.ids.device
    vectors = unembedding.columns([place.token for place in places]) - unembedding.mean()
    bias = [unembedding.demeaned_bias(place.token) for place in places]
    for row, place in enumerate(places):
        if place.foil is not None:
            token, foil = unembedding.columns([place.token, place.foil])
            vectors[row] = token - foil
            bias[row] -= unembedding.demeaned_bias(place.foil)
    return Rows(
        sources.model.layers,
        (Site.FINAL_NORM_OUTPUT, 0),
        torch.tensor([place.position for place in places], device=device),
        vectors,
        torch.tensor(bias, dtype=vectors.dtype, device=device),
    )
