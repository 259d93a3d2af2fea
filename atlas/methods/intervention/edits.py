"""Interventions as edits of a forward pass: on the live model, or with MLP outputs held.

What a feature's change writes goes to every layer that the feature writes to. A layer's changes are
known once the pass has come to its input site.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from atlas.methods.intervention.plan import LayerPlan
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import Edit, Place

Amounts = dict[int, Tensor]
"""By how much each changed activation of a layer changes."""


def chained(first: Mapping[Place, Edit], second: Mapping[Place, Edit]) -> dict[Place, Edit]:
    """Both; where they meet at a place, the second sees what the first has left."""
    both = {**first, **second}
    for place in first.keys() & second.keys():
        both[place] = _after(first[place], second[place])
    return both


def live_edits(dictionary: Dictionary, plans: Mapping[int, LayerPlan]) -> dict[Place, Edit]:
    """Each layer's changes, relative to the activations on the stream as it then is."""
    amounts: Amounts = {}
    edits: dict[Place, Edit] = {}
    for layer in plans:
        edits[dictionary.feature_input, layer] = _measure(dictionary, plans, amounts, layer)
    for layer in _written_layers(dictionary, plans):
        place = (dictionary.feature_output, layer)
        # An autoencoder reads where it writes: measure first, then change the same value.
        edits[place] = _write(dictionary, plans, amounts, (layer, edits.get(place)))
    return edits


def held_edits(
    dictionary: Dictionary,
    plans: Mapping[int, LayerPlan],
    clean: Mapping[Place, Tensor],
    held: Mapping[int, Bool[Tensor, "batch 1 1"]],
) -> dict[Place, Edit]:
    """Undisturbed outputs in the rows in which a layer is held, with the changes written there.

    Changes are relative to the undisturbed activations. A skip connection goes on: a held output
    moves by what the skip makes of the difference between the input and the undisturbed one.
    """
    reads, writes = dictionary.feature_input, dictionary.feature_output
    amounts = {
        layer: plan.amounts(dictionary.coder(layer), clean[reads, layer])
        for layer, plan in plans.items()
    }
    edits: dict[Place, Edit] = {}
    for layer, rows in held.items():
        kept = written(dictionary, plans, amounts, layer, clean[writes, layer])
        seen: list[Tensor] = []
        if dictionary.skip(layer) is not None:
            edits[reads, layer] = _remember(seen)
        edits[writes, layer] = _hold(dictionary, layer, clean[reads, layer], (kept, rows, seen))
    return edits


def written(
    dictionary: Dictionary,
    plans: Mapping[int, LayerPlan],
    amounts: Amounts,
    layer: int,
    value: Float[Tensor, "batch position d_model"],
) -> Float[Tensor, "batch position d_model"]:
    """`value` at a layer's output site plus what the changed activations write there."""
    out = value.clone()
    for source, plan in plans.items():
        if layer in dictionary.written_layers(source):
            vectors = dictionary.coder(source).decoder(layer - source, plan.index)
            plan.add_changes(out, amounts[source][:, None] * vectors)
    if layer in plans:
        plans[layer].add_pushes(out)
    return out


def _after(first: Edit, second: Edit) -> Edit:
    return lambda value: second(first(value))


def _written_layers(dictionary: Dictionary, plans: Mapping[int, LayerPlan]) -> list[int]:
    pushed = {layer for layer, plan in plans.items() if len(plan.push_row)}
    changed = [layer for layer, plan in plans.items() if len(plan.row)]
    return sorted(pushed.union(*(dictionary.written_layers(layer) for layer in changed)))


def _measure(
    dictionary: Dictionary, plans: Mapping[int, LayerPlan], amounts: Amounts, layer: int
) -> Edit:
    def measure(value: Tensor) -> Tensor:
        amounts[layer] = plans[layer].amounts(dictionary.coder(layer), value)
        return value

    return measure


def _write(
    dictionary: Dictionary,
    plans: Mapping[int, LayerPlan],
    amounts: Amounts,
    where: tuple[int, Edit | None],
) -> Edit:
    layer, first = where

    def write(value: Tensor) -> Tensor:
        if first is not None:
            value = first(value)
        return written(dictionary, plans, amounts, layer, value)

    return write


def _remember(seen: list[Tensor]) -> Edit:
    def remember(value: Tensor) -> Tensor:
        seen[:] = [value]
        return value

    return remember


def _hold(
    dictionary: Dictionary,
    layer: int,
    clean_input: Tensor,
    what: tuple[Tensor, Tensor, list[Tensor]],
) -> Edit:
    kept, rows, seen = what
    skip = dictionary.skip(layer)

    def hold(value: Tensor) -> Tensor:
        moved = kept if skip is None else kept + skip.linear(seen[0] - clean_input)
        return torch.where(rows, moved, value)

    return hold
