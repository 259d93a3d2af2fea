"""The active features of one prompt as columns, as graphs and frozen passes hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import Place

PORTION = 1 << 24  # numbers, so 64 MiB: what is made dense at once of a long prompt


@dataclass(frozen=True)
class ActiveFeatures:
    """The active features of a prompt as columns, ordered by layer, position and index."""

    layer: Int[Tensor, " feature"]
    position: Int[Tensor, " feature"]
    index: Int[Tensor, " feature"]
    value: Float[Tensor, " feature"]
    pre: Float[Tensor, " feature"]  # before the activation function
    # How far from switching; None where a feature's own fixed threshold tells.
    margin: Float[Tensor, " feature"] | None
    # First column of each layer, counted among the dictionary's, and position.
    starts: Int[Tensor, "layer position_boundary"]

    def __len__(self) -> int:
        """The number of active features."""
        return int(self.value.shape[0])

    def at(self, layer: int, position: int) -> slice:
        """The columns of the features at one layer and position."""
        return slice(int(self.starts[layer, position]), int(self.starts[layer, position + 1]))

    def of_layer(self, layer: int) -> slice:
        """The columns of the features of one layer."""
        return slice(int(self.starts[layer, 0]), int(self.starts[layer, -1]))


def active_features(dictionary: Dictionary, values: Mapping[Place, Tensor]) -> ActiveFeatures:
    """The features that are active on a prompt, given the values at the input sites."""
    columns: list[tuple[Tensor, ...]] = []
    margins: list[Tensor] = []
    counts = []
    for layer in dictionary.layer_numbers:
        coder, read = dictionary.coder(layer), values[dictionary.feature_input, layer]
        found: list[Tensor] = []
        for part in portions(slice(0, len(read)), coder.features):
            pre, value = coder.read(read[part])
            value[: max(dictionary.zero_positions - part.start, 0)] = 0
            active = value.nonzero(as_tuple=True)
            number, position = torch.full_like(active[0], layer), active[0] + part.start
            columns.append((number, position, active[1], value[active], pre[active]))
            found.append((value != 0).sum(dim=1))
            margin = coder.activation.margin(pre)
            if margin is not None:
                margins.append(margin[active])
        counts.append(torch.cat(found))
    layer_column, position, index, value, pre = map(torch.cat, zip(*columns, strict=True))
    margin = torch.cat(margins) if len(margins) == len(columns) else None
    return ActiveFeatures(layer_column, position, index, value, pre, margin, _starts(counts))


def portions(rows: slice, width: int) -> Iterator[slice]:
    """These rows in stretches of at most `PORTION` numbers, or of one row that is wider."""
    step = max(PORTION // width, 1)
    for start in range(rows.start, rows.stop, step):
        yield slice(start, min(start + step, rows.stop))


def _starts(counts: list[Tensor]) -> Int[Tensor, "layer position_boundary"]:
    """The first column of each layer and position, from the number of features at each."""
    flat = torch.cat(counts).cumsum(0)
    length = int(counts[0].shape[0])
    boundaries = torch.cat([flat.new_zeros(1), flat])
    first = torch.arange(len(counts), device=flat.device)[:, None] * length
    return boundaries[first + torch.arange(length + 1, device=flat.device)]
