"""The active features of prompt rows, looked up by row, layer and position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float64, Int64

from atlas.methods.activations import ActivationSettings, SparseActivations, activations
from atlas.methods.claims.instances import Instance
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel


@dataclass(frozen=True)
class ActiveFeatures:
    """The features that are active at one layer and position of one row."""

    index: Int64[np.ndarray, " active"]
    value: Float64[np.ndarray, " active"]

    def value_of(self, index: int) -> float:
        """A feature's activation; 0 where it is not active."""
        return self._by_index.get(index, 0.0)

    @cached_property
    def _by_index(self) -> dict[int, float]:
        return dict(zip(self.index.tolist(), self.value.tolist(), strict=True))


NOTHING = ActiveFeatures(np.zeros(0, dtype=np.int64), np.zeros(0))


@dataclass(frozen=True)
class RowActivations:
    """One row with its active features on the model as it is."""

    instance: Instance
    places: dict[tuple[int, int], ActiveFeatures]

    def at(self, layer: int, position: int) -> ActiveFeatures:
        """What is active at a layer and position."""
        return self.places.get((layer, position), NOTHING)


def row_activations(
    model: LanguageModel,
    dictionary: Dictionary,
    rows: Sequence[Instance],
    layers: Sequence[int],
) -> list[RowActivations]:
    """The active features of each row at these layers; the first token has none."""
    if not rows or not layers:
        return [RowActivations(row, {}) for row in rows]
    ids, lengths = padded([row.ids for row in rows])
    settings = ActivationSettings(layers=tuple(sorted(set(layers))))
    found = activations(model, dictionary, ids, settings, lengths)
    return [
        RowActivations(row, places)
        for row, places in zip(rows, _by_row(found, len(rows)), strict=True)
    ]


def padded(
    sequences: Sequence[Int64[np.ndarray, " _length"]],
) -> tuple[Int64[np.ndarray, "row position"], Int64[np.ndarray, " row"]]:
    """The sequences as one array, filled up on the right, and their lengths.

    What stands in the padding does not matter: attention is causal.
    """
    lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
    ids = np.zeros((len(sequences), int(lengths.max(initial=1))), dtype=np.int64)
    for number, sequence in enumerate(sequences):
        ids[number, : len(sequence)] = sequence
    return ids, lengths


def _by_row(found: SparseActivations, rows: int) -> list[dict[tuple[int, int], ActiveFeatures]]:
    """Cut the columns, which are sorted by layer, row and position, where the place changes."""
    places: list[dict[tuple[int, int], ActiveFeatures]] = [{} for _ in range(rows)]
    if not len(found):
        return places
    keys = np.stack([found.layer, found.row, found.position])
    starts = np.flatnonzero(np.any(np.diff(keys, axis=1) != 0, axis=0)) + 1
    for chunk in np.split(np.arange(len(found)), starts):
        layer, row, position = (int(column[chunk[0]]) for column in keys)
        places[row][layer, position] = ActiveFeatures(
            found.index[chunk], found.value[chunk].astype(np.float64)
        )
    return places
