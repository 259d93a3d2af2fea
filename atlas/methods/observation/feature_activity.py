"""Where features are active, sorted from passes over a token file into one record per feature."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool

from atlas.dashboards.activity import Activity
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
    features: Mapping[int, Activity]
    final_scale: float  # the mean divisor of the final norm over the tokens that count


def observe_activity(
    model: LanguageModel,
    dictionary: Dictionary,
    labelled: LabelledTokens,
    features: Mapping[int, tuple[int, ...]],
    rows_per_pass: int,
) -> list[LayerActivity]:
    """Where some features are active, given as indices per layer; all kept in memory."""
    settings = ActivationSettings(
        layers=tuple(features), features=features, rows_per_chunk=rows_per_pass
    )
    words, scales = labelled.is_word(), 0.0
    parts: dict[int, dict[int, list[Activity]]] = {
        layer: {index: [] for index in indices} for layer, indices in features.items()
    }
    for one in passes(model, dictionary, (labelled.tokens, words), settings, [FINAL_SCALE]):
        scales += summed_final_scale(one, words)
        for layer, entries in one.layers.items():
            for index, activity in by_feature(entries):
                parts[layer][index].append(activity)
    mean = scales / max(int(words.sum()), 1)
    return [
        LayerActivity(layer, {at: Activity.join(each) for at, each in found.items()}, mean)
        for layer, found in parts.items()
    ]


def summed_final_scale(one: Pass, words: Bool[np.ndarray, "sequence position"]) -> float:
    """The divisors of the final norm, summed over the tokens of a pass that count."""
    counted = torch.from_numpy(words[one.rows])
    scale = one.values[FINAL_SCALE].cpu().reshape(counted.shape)
    return float(scale[counted].double().sum())


def by_feature(entries: LayerEntries) -> Iterator[tuple[int, Activity]]:
    """The activations above 0 of each feature that has any, by ascending index."""
    above = np.flatnonzero(entries.value > 0)
    order = above[np.argsort(entries.index[above], kind="stable")]
    index = entries.index[order]
    edges = [*np.flatnonzero(np.diff(index, prepend=-1)), len(index)]
    for start, stop in itertools.pairwise(edges):
        here = order[start:stop]
        yield (
            int(index[start]),
            Activity(entries.row[here], entries.position[here], entries.value[here]),
        )
