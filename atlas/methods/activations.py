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
# On a CPU a portion that its cache holds takes half the time; fewer tokens than the second number
# would read the encoder's weights too often.
CACHED_NUMBERS, CACHED_TOKENS = 1 << 20, 256


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
    for (one,) in shared_passes(model, [(dictionary, settings)], tokens, beside):
        yield one


def shared_passes(
    model: LanguageModel,
    wanted: Sequence[tuple[Dictionary, ActivationSettings]],
    tokens: tuple[Int[np.ndarray, "row position"], Bool[np.ndarray, "row position"]],
    beside: Sequence[Place] = (),
) -> Iterator[tuple[Pass, ...]]:
    """The same for several dictionaries, which share each forward pass; the rows of the first's."""
    ids, counted = tokens
    rows_per_chunk = wanted[0][1].rows_per_chunk
    layers = [
        settings.layers if settings.layers is not None else dictionary.layer_numbers
        for dictionary, settings in wanted
    ]
    sites = [dictionary.feature_input for dictionary, _ in wanted]
    read = dict.fromkeys(
        (site, layer) for site, chosen in zip(sites, layers, strict=True) for layer in chosen
    )
    for start in range(0, len(ids), rows_per_chunk):
        rows = slice(start, min(start + rows_per_chunk, len(ids)))
        batch = torch.from_numpy(ids[rows].astype(np.int64))
        values = model.run(batch, read=[*read, *beside]).values
        keep = torch.from_numpy(counted[rows])
        kept = {place: values[place] for place in beside}
        found = []
        for (dictionary, settings), site, chosen in zip(wanted, sites, layers, strict=True):
            entries = {
                layer: _entries(dictionary, layer, (values[site, layer], keep), settings)
                for layer in chosen
            }
            moved = {layer: replace(each, row=each.row + start) for layer, each in entries.items()}
            found.append(Pass(rows, moved, kept))
        yield tuple(found)


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
    if x.device.type == "cpu":
        portion = min(portion, max(CACHED_TOKENS, CACHED_NUMBERS // coder.features))
    parts = []
    for start in range(0, len(row), portion):
        chosen = slice(start, start + portion)
        inputs = x[row[chosen].to(x.device), position[chosen].to(x.device)]
        dense = coder.encode(inputs) if wanted is None else coder.encode_features(inputs, wanted)
        entry, column, value = _nonzero(dense)
        parts.append((entry + start, column, value))
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return LayerEntries(none, none, none, none.astype(np.float32))
    entry, column, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    index = column if wanted is None else np.asarray(wanted, dtype=np.int64)[column]
    return LayerEntries(row.numpy()[entry], position.numpy()[entry], index, value)


def _nonzero(
    dense: Float[Tensor, "token feature"],
) -> tuple[Int64[np.ndarray, " entry"], Int64[np.ndarray, " entry"], Float32[np.ndarray, " entry"]]:
    """The values that are not 0, with their token and feature; on a CPU numpy finds them faster."""
    if dense.device.type != "cpu":
        token, feature = dense.nonzero(as_tuple=True)
        value = dense[token, feature].float()
        return token.cpu().numpy(), feature.cpu().numpy(), value.cpu().numpy()
    flat = dense.float().reshape(-1).numpy()
    place = np.flatnonzero(flat != 0)
    return *np.divmod(place, max(dense.shape[1], 1)), flat[place]


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
