"""Interventions of a batch of rows as index arrays, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.errors import BadInput
from atlas.methods.intervention.interventions import (
    AnyIntervention,
    DirectionIntervention,
    FeatureIntervention,
    positions_of,
)
from atlas.models.coders import Coder
from atlas.models.dictionaries import Dictionary


@dataclass(frozen=True)
class LayerPlan:
    """What happens at one layer: new activation = factor × activation + offset, and pushes."""

    row: Int[Tensor, " change"]
    position: Int[Tensor, " change"]
    index: Int[Tensor, " change"]
    factor: Float[Tensor, " change"]
    offset: Float[Tensor, " change"]
    push_row: Int[Tensor, " push"]
    push_position: Int[Tensor, " push"]
    push: Float[Tensor, "push d_model"]

    def amounts(
        self, coder: Coder, x: Float[Tensor, "batch position d_model"]
    ) -> Float[Tensor, " change"]:
        """By how much each activation changes, given the coder's input `x`."""
        if not len(self.row):
            return x.new_zeros(0)
        cells = torch.stack([self.row, self.position], dim=1)
        unique, which = torch.unique(cells, dim=0, return_inverse=True)
        activations = coder.encode(x[unique[:, 0], unique[:, 1]])
        return (self.factor - 1) * activations[which, self.index] + self.offset

    def add_changes(
        self,
        out: Float[Tensor, "batch position d_model"],
        vectors: Float[Tensor, "change d_model"],
    ) -> None:
        """Add each change's vector in place, at its row and position."""
        out.index_put_((self.row, self.position), vectors, accumulate=True)

    def with_pushes(
        self, row: Int[Tensor, " more"], position: Int[Tensor, " more"], push: Tensor
    ) -> LayerPlan:
        """The same with more pushes."""
        return replace(
            self,
            push_row=torch.cat([self.push_row, row]),
            push_position=torch.cat([self.push_position, position]),
            push=torch.cat([self.push, push.to(self.push)]),
        )

    def add_pushes(self, out: Float[Tensor, "batch position d_model"]) -> None:
        """Add the pushes in place."""
        out.index_put_((self.push_row, self.push_position), self.push, accumulate=True)


def empty_plan(like: Float[Tensor, "batch position d_model"]) -> LayerPlan:
    """The plan of a layer at which nothing happens yet."""
    none = torch.zeros(0, dtype=torch.long, device=like.device)
    amounts, push = like.new_zeros(0), like.new_zeros(0, like.shape[-1])
    return LayerPlan(none, none, none, amounts, amounts, none, none, push)


def plan_layers(
    dictionary: Dictionary | None,
    interventions: Sequence[Sequence[AnyIntervention]],
    lengths: Sequence[int],
    like: Tensor,
    first: int = 0,
) -> dict[int, LayerPlan]:
    """What features and pushes do in a batch whose ids start at position `first`, by layer.

    Tensors are made like `like`. Changes before `first` are left out: they have been made.

    Raises:
        BadInput: a number of rows, a position, a feature or a vector that does not fit, or one
            feature changed twice at one position.
        ModelError: a layer that the dictionary does not have.
    """
    if len(interventions) != len(lengths):
        raise BadInput(
            "interventions", f"{len(lengths)}, one sequence per row", f"{len(interventions)}"
        )
    builders: dict[int, _Builder] = {}
    for row, (listed, length) in enumerate(zip(interventions, lengths, strict=True)):
        for intervention in listed:
            if not isinstance(intervention, FeatureIntervention | DirectionIntervention):
                continue  # these do not go through the dictionary
            if dictionary is None:
                raise BadInput("a feature's change", "a dictionary with that feature", "none")
            layer = intervention.layer
            at = [place - first for place in positions_of(intervention, length) if place >= first]
            if layer not in builders and (at or not first):
                builders[layer] = _Builder(dictionary.coder(layer), layer)
            for position in at:
                builders[layer].add(row, position, intervention)
    return {layer: builders[layer].build(like) for layer in sorted(builders)}


class _Builder:
    """Collects one layer's changes."""

    def __init__(self, coder: Coder, layer: int) -> None:
        self._coder = coder
        self._layer = layer
        self._changes: dict[tuple[int, int, int], tuple[float, float]] = {}
        self._pushes: list[tuple[int, int, DirectionIntervention]] = []

    def add(
        self, row: int, position: int, intervention: FeatureIntervention | DirectionIntervention
    ) -> None:
        if isinstance(intervention, FeatureIntervention):
            self._add_change(row, position, intervention)
        else:
            width = self._coder.width
            if len(intervention.vector) != width:
                raise BadInput(
                    "intervention: vector", f"width {width}", f"{len(intervention.vector)}"
                )
            self._pushes.append((row, position, intervention))

    def _add_change(self, row: int, position: int, change: FeatureIntervention) -> None:
        if not 0 <= change.index < self._coder.features:
            raise BadInput(
                f"intervention: feature {change.layer}-{change.index}",
                f"an index below {self._coder.features}",
                str(change.index),
            )
        key = (row, position, change.index)
        if key in self._changes:
            raise BadInput(
                f"intervention: feature {change.layer}-{change.index}",
                "one change per position",
                f"a second at position {position} of row {row}",
            )
        self._changes[key] = change.factor_and_offset

    def build(self, like: Tensor) -> LayerPlan:
        """The plan as tensors."""
        keys = torch.tensor(list(self._changes), dtype=torch.long).reshape(-1, 3)
        amounts = torch.tensor(list(self._changes.values()), dtype=torch.float64).reshape(-1, 2)
        cells = torch.tensor([cell[:2] for cell in self._pushes], dtype=torch.long).reshape(-1, 2)
        vectors = [torch.as_tensor(cell[2].vector) for cell in self._pushes]
        push = torch.stack(vectors) if vectors else torch.zeros(0, self._coder.width)
        keys, cells = keys.to(like.device), cells.to(like.device)
        amounts, push = amounts.to(like), push.to(like)
        return LayerPlan(
            keys[:, 0],
            keys[:, 1],
            keys[:, 2],
            amounts[:, 0],
            amounts[:, 1],
            cells[:, 0],
            cells[:, 1],
            push,
        )
