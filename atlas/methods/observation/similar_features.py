"""The features of a dictionary whose decoder vectors point most nearly the same way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn.functional import normalize

from atlas.dashboards.dashboard_table import Neighbours
from atlas.dashboards.firing_together import NONE
from atlas.models.dictionaries import Dictionary

COSINES_AT_ONCE = 1 << 22  # that stand in memory: 16 MB; more leave the processor's cache


def similar_features(
    dictionary: Dictionary,
    layer: int,
    indices: Sequence[int],
    count: int,
    layers: Sequence[int] | None = None,
) -> Neighbours:
    """Per feature the `count` others with the largest cosine; of `layers`, else of all layers.

    Layer by layer, so that the cosines with one layer at a time stand in memory.
    """
    own = normalize(dictionary.write_vectors(layer, list(indices)), dim=-1)
    columns: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for other in layers if layers is not None else dictionary.layer_numbers:
        vectors = normalize(dictionary.write_vectors(other), dim=-1).T.contiguous()
        best = min(count + 1, vectors.shape[-1])  # one may be itself
        portion = max(1, COSINES_AT_ONCE // vectors.shape[-1])
        found = [
            torch.topk(own[start : start + portion] @ vectors, best, dim=-1)
            for start in range(0, len(own), portion)
        ]
        if not found:
            continue
        cosine = torch.cat([each.values for each in found]).float().cpu().numpy()
        index = torch.cat([each.indices for each in found]).cpu().numpy()
        if other == layer:
            cosine = np.where(index == np.asarray(indices)[:, None], -np.inf, cosine)
        columns.append((np.full_like(index, other), index, cosine))
    return _best(columns, (len(indices), count))


def _best(
    columns: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], shape: tuple[int, int]
) -> Neighbours:
    """The nearest of all layers; equal ones by layer and index."""
    if not columns:
        none = np.full(shape, NONE, dtype=np.int64)
        return Neighbours(none, none, np.zeros(shape, dtype=np.float32))
    layer, index, cosine = (np.concatenate(parts, axis=1) for parts in zip(*columns, strict=True))
    order = np.lexsort((index, layer, -cosine), axis=1)[:, : shape[1]]
    layer, index, cosine = (
        np.take_along_axis(column, order, axis=1) for column in (layer, index, cosine)
    )
    itself = np.isneginf(cosine)
    return Neighbours(np.where(itself, NONE, layer), np.where(itself, NONE, index), cosine)
