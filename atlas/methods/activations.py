"""Which features of a dictionary are active on a batch of tokens, and how strongly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from atlas.errors import BadInput
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel


@dataclass(frozen=True)
class ActivationSettings:
    """What to compute, and in what portions."""

    layers: tuple[int, ...] | None = None  # None: all layers of the dictionary
    rows_per_chunk: int = 32  # rows per forward pass; memory grows with rows × features
    zero_first_position: bool = (
        True  # position 0 holds the first token, whose features mean nothing
    )


@dataclass(frozen=True)
class SparseActivations:
    """Active features as columns, sorted by layer, row, position and feature.

    `shape` is (rows, positions) of the batch; `value` is the activation, never 0.
    """

    layer: Int64[np.ndarray, " entry"]
    row: Int64[np.ndarray, " entry"]
    position: Int64[np.ndarray, " entry"]
    index: Int64[np.ndarray, " entry"]
    value: Float32[np.ndarray, " entry"]
    shape: tuple[int, int]

    def __len__(self) -> int:
        """The number of active features over all rows and positions."""
        return len(self.value)

    def dense(self, layer: int, index: int) -> Float32[np.ndarray, "row position"]:
        """One feature's activation at every row and position."""
        chosen = (self.layer == layer) & (self.index == index)
        out = np.zeros(self.shape, dtype=np.float32)
        out[self.row[chosen], self.position[chosen]] = self.value[chosen]
        return out


def activations(
    model: LanguageModel,
    dictionary: Dictionary,
    ids: Int64[np.ndarray, "row position"],
    settings: ActivationSettings = ActivationSettings(),  # noqa: B008  frozen, so safe to share
    lengths: Int64[np.ndarray, " row"] | None = None,
) -> SparseActivations:
    """The active features of every row and position.

    Rows shorter than the batch are padded on the right; with `lengths`, padding is left out.

    Raises:
        BadInput: lengths that do not fit the rows.
        ModelError: a layer that the dictionary does not have.
    """
    rows, positions = ids.shape
    if lengths is not None and (len(lengths) != rows or lengths.max(initial=0) > positions):
        raise BadInput("lengths", f"{rows} numbers up to {positions}", f"{len(lengths)} numbers")
    layers = settings.layers if settings.layers is not None else dictionary.layer_numbers
    parts: dict[int, list[tuple[np.ndarray, ...]]] = {layer: [] for layer in layers}
    for start in range(0, rows, settings.rows_per_chunk):
        chunk = slice(start, min(start + settings.rows_per_chunk, rows))
        keep = _kept_positions(lengths, chunk, positions, settings.zero_first_position)
        read = [(dictionary.feature_input, layer) for layer in layers]
        values = model.run(torch.from_numpy(ids[chunk]), read=read).values
        for layer in layers:
            x = values[(dictionary.feature_input, layer)]
            parts[layer].append(_active(dictionary.encode(layer, x), keep, start))
    return _joined(parts, (rows, positions))


def _kept_positions(
    lengths: np.ndarray | None, chunk: slice, positions: int, zero_first: bool
) -> Tensor:
    """True where activations count."""
    count = chunk.stop - chunk.start
    keep = torch.ones(count, positions, dtype=torch.bool)
    if lengths is not None:
        keep &= (
            torch.arange(positions)[None] < torch.from_numpy(np.asarray(lengths[chunk]))[:, None]
        )
    if zero_first:
        keep[:, 0] = False
    return keep


def _active(dense: Tensor, keep: Tensor, first_row: int) -> tuple[np.ndarray, ...]:
    """Row, position, index, value of the entries that are not 0, in that order."""
    dense = dense * keep.to(dense.device)[..., None]
    row, position, index = dense.nonzero(as_tuple=True)
    value = dense[row, position, index]
    return (
        row.cpu().numpy() + first_row,
        position.cpu().numpy(),
        index.cpu().numpy(),
        value.float().cpu().numpy(),
    )


def _joined(
    parts: dict[int, list[tuple[np.ndarray, ...]]], shape: tuple[int, int]
) -> SparseActivations:
    columns: list[list[np.ndarray]] = [[], [], [], [], []]
    for layer in sorted(parts):
        for row, position, index, value in parts[layer]:
            arrays = (np.full(len(row), layer, dtype=np.int64), row, position, index, value)
            for column, array in zip(columns, arrays, strict=True):
                column.append(array)
    empty = np.zeros(0)
    layer_column, row, position, index = (
        np.concatenate([empty.astype(np.int64), *column]) for column in columns[:4]
    )
    value = np.concatenate([empty.astype(np.float32), *columns[4]])
    return SparseActivations(layer_column, row, position, index, value, shape)
