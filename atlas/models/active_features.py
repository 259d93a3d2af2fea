"""The active features of one prompt as columns, as graphs and frozen passes hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.models.dictionaries import MlpDictionary
from atlas.models.language_model import Place

ZERO_POSITIONS = 1
"""Positions at the start whose features are not attributed: the first token's residual stream
is far outside of what dictionaries are trained on."""


@dataclass(frozen=True)
class ActiveFeatures:
    """The active features of a prompt as columns, ordered by layer, position and index."""

    layer: Int[Tensor, " feature"]
    position: Int[Tensor, " feature"]
    index: Int[Tensor, " feature"]
    value: Float[Tensor, " feature"]
    pre: Float[Tensor, " feature"]  # before the activation function
    starts: Int[Tensor, "layer position_boundary"]  # first column of each layer and position

    def __len__(self) -> int:
        """The number of active features."""
        return int(self.value.shape[0])

    def at(self, layer: int, position: int) -> slice:
        """The columns of the features at one layer and position."""
        return slice(int(self.starts[layer, position]), int(self.starts[layer, position + 1]))

    def of_layer(self, layer: int) -> slice:
        """The columns of the features of one layer."""
        return slice(int(self.starts[layer, 0]), int(self.starts[layer, -1]))


def active_features(dictionary: MlpDictionary, values: Mapping[Place, Tensor]) -> ActiveFeatures:
    """The features that are active on a prompt, given the values at the input sites."""
    columns: list[tuple[Tensor, ...]] = []
    counts = []
    for layer in dictionary.layer_numbers:
        coder = dictionary.coder(layer)
        pre = coder.pre_activations(values[dictionary.feature_input, layer])
        value = coder.activation.apply(pre)
        value[:ZERO_POSITIONS] = 0
        position, index = value.nonzero(as_tuple=True)
        number = torch.full_like(position, layer)
        columns.append((number, position, index, value[position, index], pre[position, index]))
        counts.append((value != 0).sum(dim=1))
    flat = torch.cat(counts).cumsum(0)
    length = int(counts[0].shape[0])
    boundaries = torch.cat([flat.new_zeros(1), flat])
    first = torch.arange(len(counts), device=flat.device)[:, None] * length
    starts = boundaries[first + torch.arange(length + 1, device=flat.device)]
    joined = [torch.cat(column) for column in zip(*columns, strict=True)]
    return ActiveFeatures(joined[0], joined[1], joined[2], joined[3], joined[4], starts)
