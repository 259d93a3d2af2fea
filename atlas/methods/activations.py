"""Which features of a dictionary are active on a batch of tokens, and how strongly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int, Int64
from torch import Tensor

from atlas.errors import BadInput
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel, Place

DENSE_NUMBERS = 1 << 26  # that stand in memory at once before the zeros are dropped: 256 MB


@dataclass(frozen=True)
class ActivationSettings:
    """What to compute, and in what portions."""

    layers: tuple[int, ...] | None = None  # None: all layers of the dictionary
    # Which features of a layer are wanted; of a layer that is not named here, all.
    features: Mapping[int, Sequence[int]] = field(default_factory=dict)
    rows_per_chunk: int = 32  # rows per forward pass
    # The first token's features mean nothing, nor do those of a chat's first few.
    without_zero_positions: bool = True


@dataclass(frozen=True)
class LayerEntries:
    """The active features of one layer, sorted by row, position and feature; no value is 0."""

    row: Int64[np.ndarray, " entry"]
    position: Int64[np.ndarray, " entry"]
    index: Int64[np.ndarray, " entry"]
    value: Float32[np.ndarray, " entry"]


@dataclass(frozen=True)
class Pass:
    """What one forward pass over some rows gave."""

    rows: slice
    layers: Mapping[int, LayerEntries]
    values: Mapping[Place, Tensor]  # those of the model that were asked for beside


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
    counted = np.ones(ids.shape, dtype=bool)
    if lengths is not None:
        if len(lengths) != rows or lengths.max(initial=0) > positions:
            raise BadInput(
                "lengths", f"{rows} numbers up to {positions}", f"{len(lengths)} numbers"
            )
        counted &= np.arange(positions)[None] < np.asarray(lengths)[:, None]
    if settings.without_zero_positions:
        counted[:, : dictionary.zero_positions] = False
    return _joined(list(passes(model, dictionary, (ids, counted), settings)), ids.shape)


def passes(
    model: LanguageModel,
    dictionary: Dictionary,
    tokens: tuple[Int[np.ndarray, "row position"], Bool[np.ndarray, "row position"]],
    settings: ActivationSettings,
    beside: Sequence[Place] = (),
) -> Iterator[Pass]:
    """One forward pass after the other; `tokens` are ids, and where activations count.

    `beside` names further values of the model that are wanted. Nothing is kept between passes, so
    a token file may be as long as it likes.

    Raises:
        ModelError: a layer that the dictionary does not have.
    """
    ids, counted = tokens
    layers = settings.layers if settings.layers is not None else dictionary.layer_numbers
    read = [(dictionary.feature_input, layer) for layer in layers]
    for start in range(0, len(ids), settings.rows_per_chunk):
        rows = slice(start, min(start + settings.rows_per_chunk, len(ids)))
        batch = torch.from_numpy(ids[rows].astype(np.int64))
        values = model.run(batch, read=[*read, *beside]).values
        keep = torch.from_numpy(counted[rows])
        found = {
            layer: _entries(
                dictionary, layer, (values[dictionary.feature_input, layer], keep), settings
            )
            for layer in layers
        }
        moved = {layer: replace(each, row=each.row + start) for layer, each in found.items()}
        yield Pass(rows, moved, {place: values[place] for place in beside})


def _entries(
    dictionary: Dictionary,
    layer: int,
    read: tuple[Float[Tensor, "row position d_model"], Bool[Tensor, "row position"]],
    settings: ActivationSettings,
) -> LayerEntries:
    """The activations that are not 0, found token by token in portions that fit in memory."""
    x, keep = read
    coder, wanted = dictionary.coder(layer), settings.features.get(layer)
    row, position = keep.nonzero(as_tuple=True)
    portion = max(1, DENSE_NUMBERS // coder.features)
    parts = []
    for start in range(0, len(row), portion):
        chosen = slice(start, start + portion)
        inputs = x[row[chosen].to(x.device), position[chosen].to(x.device)]
        dense = coder.encode(inputs) if wanted is None else coder.encode_features(inputs, wanted)
        entry, column = dense.nonzero(as_tuple=True)
        parts.append((entry.cpu() + start, column.cpu(), dense[entry, column].float().cpu()))
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return LayerEntries(none, none, none, none.astype(np.float32))
    entry, column, value = (torch.cat(column) for column in zip(*parts, strict=True))
    index = column if wanted is None else torch.as_tensor(list(wanted), dtype=torch.int64)[column]
    return LayerEntries(row[entry].numpy(), position[entry].numpy(), index.numpy(), value.numpy())


def _joined(found: Sequence[Pass], shape: tuple[int, int]) -> SparseActivations:
    """All passes together, layer by layer."""
    layers = sorted(found[0].layers) if found else []
    parts = [one.layers[layer] for layer in layers for one in found]
    counts = [sum(len(one.layers[layer].row) for one in found) for layer in layers]
    row, position, index = (
        np.concatenate([np.zeros(0, np.int64), *(getattr(part, name) for part in parts)])
        for name in ("row", "position", "index")
    )
    value = np.concatenate([np.zeros(0, np.float32), *(part.value for part in parts)])
    layer = np.repeat(np.asarray(layers, dtype=np.int64), counts)
    return SparseActivations(layer, row, position, index, value, shape)
