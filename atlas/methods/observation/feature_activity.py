"""Where features are active, sorted from passes over a token file into one table per layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float64

from atlas.dashboards.activity_table import ActivityTable
from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.methods.activations import ActivationSettings, LayerEntries, Pass, passes
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel, Place
from atlas.models.sites import Site

FINAL_SCALE: Place = (Site.FINAL_NORM_SCALE, 0)


@dataclass(frozen=True)
class LayerActivity:
    """Where features of one layer are active."""

    layer: int
    table: ActivityTable
    final_scale: float  # the mean divisor of the final norm over the tokens that count


def observe_activity(
    model: LanguageModel,
    dictionary: Dictionary,
    labelled: LabelledTokens,
    features: Mapping[int, tuple[int, ...]],
    rows_per_pass: int,
) -> list[LayerActivity]:
    """Where some features are active, given as indices per layer; all kept in memory."""
    wanted = {layer: sorted(set(indices)) for layer, indices in features.items()}
    settings = ActivationSettings(
        layers=tuple(wanted), features=wanted, rows_per_chunk=rows_per_pass
    )
    words = labelled.is_word()
    scales: list[float] = []
    parts: dict[int, list[LayerEntries]] = {layer: [] for layer in wanted}
    for one in passes(model, dictionary, (labelled.tokens, words), settings, [FINAL_SCALE]):
        scales += final_scales(one, words).tolist()
        for layer, entries in one.layers.items():
            parts[layer].append(entries)
    mean = float(np.mean(scales)) if scales else 0.0
    return [
        LayerActivity(layer, table_of(parts[layer], indices), mean)
        for layer, indices in wanted.items()
    ]


def table_of(parts: Sequence[LayerEntries], indices: Sequence[int]) -> ActivityTable:
    """The activations above 0 of some features, which are given in rising order."""
    index = np.asarray(indices, dtype=np.int64)
    found, row, position = (
        np.concatenate([np.zeros(0, np.int64), *(getattr(part, name) for part in parts)])
        for name in ("index", "row", "position")
    )
    value = np.concatenate([np.zeros(0, np.float32), *(part.value for part in parts)])
    places = np.full(max(found.max(initial=-1), index.max(initial=-1)) + 1, -1)
    places[index] = np.arange(len(index))
    number = places[found]
    kept = (value > 0) & (number >= 0)
    columns = (row[kept], position[kept], value[kept])
    return ActivityTable.sort(index, number[kept], columns)


def final_scales(
    one: Pass, words: Bool[np.ndarray, "sequence position"]
) -> Float64[np.ndarray, " token"]:
    """The divisor of the final norm at each token of a pass that counts."""
    counted = torch.from_numpy(words[one.rows])
    scale = one.values[FINAL_SCALE].cpu().reshape(counted.shape)
    found: np.ndarray = scale[counted].double().numpy()
    return found
