"""The active features of one prompt as columns, as graphs and frozen passes hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import Place


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
        coder = dictionary.coder(layer)
        pre, value = coder.read(values[dictionary.feature_input, layer])
        value[: dictionary.zero_positions] = 0
        active = value.nonzero(as_tuple=True)
        number = torch.full_like(active[0], layer)
        columns.append((number, *active, value[active], pre[active]))
        counts.append((value != 0).sum(dim=1))
        margin = coder.activation.margin(pre)
        if margin is not None:
            margins.append(margin[active])
    layer_column, position, index, value, pre = map(torch.cat, zip(*columns, strict=True))
    margin = torch.cat(margins) if len(margins) == len(columns) else None
    return ActiveFeatures(layer_column, position, index, value, pre, margin, _starts(counts))


def _starts(counts: list[Tensor]) -> Int[Tensor, "layer position_boundary"]:
    """The first column of each layer and position, from the number of features at each."""
    flat = torch.cat(counts).cumsum(0)
    length = int(counts[0].shape[0])
    boundaries = torch.cat([flat.new_zeros(1), flat])
    first = torch.arange(len(counts), device=flat.device)[:, None] * length
    return boundaries[first + torch.arange(length + 1, device=flat.device)]
