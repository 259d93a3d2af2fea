"""An intervention's steps, worked out for one row: which activation becomes what, and where.

A step is written about parts; a row needs numbers. Every action is of the form new = scale · a +
shift, so several steps on one feature compose to one such change:

    ablate: 0, 0 · scale: factor, 0 · set: 0, value · add: 1, value
    set_from_partner: 0, factor × the partner row's activation

The heads of a part are ablated or scaled with it: a step's value is an activation, and a head's
output is no number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64

from atlas.entries.circuit import Circuit, Intervention, Part, Step
from atlas.errors import EntryError
from atlas.methods.claims.instances import positions
from atlas.methods.claims.row_activations import RowActivations
from atlas.models.dictionaries import Dictionary

Place = tuple[int, int]
"""A layer and a position."""


@dataclass(frozen=True)
class Change:
    """One feature at one position: its activation becomes scale · a + shift."""

    layer: int
    index: int
    position: int
    scale: float
    shift: float

    def difference(self, activation: float) -> float:
        """By how much this activation changes."""
        return self.scale * activation + self.shift - activation


@dataclass(frozen=True)
class HeadChange:
    """One head at one position: its output is multiplied by `factor`."""

    layer: int
    head: int
    position: int
    factor: float


@dataclass(frozen=True)
class Group:
    """The features of one step at one place that are active in the row that lends them.

    Controls draw as many features for each group, from the same row, layer and position.
    """

    step: Step
    place: Place  # where it acts in the row
    lender: RowActivations  # the row itself, or its partner
    lender_position: int
    indices: tuple[int, ...]
    silent: bool  # the features are not active: nothing is written that could be matched


@dataclass(frozen=True)
class RowChanges:
    """What an intervention does in one row."""

    row: RowActivations
    changes: tuple[Change, ...]
    groups: tuple[Group, ...]
    heads: tuple[HeadChange, ...] = ()

    def write_changes(self, dictionary: Dictionary) -> dict[Place, Float64[np.ndarray, " d_model"]]:
        """Per place, the change of what the dictionary writes, on the row's own activations."""
        at_place: dict[Place, list[Change]] = {}
        for change in self.changes:
            at_place.setdefault((change.layer, change.position), []).append(change)
        found = {}
        for place, changes in at_place.items():
            active = self.row.at(*place)
            amounts = np.array([each.difference(active.value_of(each.index)) for each in changes])
            if np.any(amounts):
                vectors = decoder_vectors(dictionary, place[0], [each.index for each in changes])
                found[place] = amounts @ vectors
        return found


def row_changes(
    circuit: Circuit,
    intervention: Intervention,
    row: RowActivations,
    partner: RowActivations | None,
) -> RowChanges:
    """The intervention's changes in one row.

    Raises:
        EntryError: a part with heads that is neither ablated nor scaled, or whose position is no
            single one where a partner's activations are to be written.
    """
    composed: dict[tuple[int, int, int], Change] = {}
    heads: dict[tuple[int, int, int], float] = {}
    groups: list[Group] = []
    for step in intervention.steps:
        part = circuit.part(step.part)
        factor = _head_factor(circuit, part, step) if part.heads else 1.0
        for position in positions(row.instance, part.position) if part.heads else ():
            for head in part.heads:
                at = (head.layer, head.head, position)
                heads[at] = factor * heads.get(at, 1.0)
        for position, lender, lender_position in _places(part, step, row, partner):
            features = part.features_for(lender.instance.row.entities)
            for feature in features:
                key = (feature.layer, feature.index, position)
                before = composed.get(key, Change(*key, 1.0, 0.0))
                lent = lender.at(feature.layer, lender_position).value_of(feature.index)
                composed[key] = _composed(before, step, lent)
            for layer in sorted({feature.layer for feature in features}):
                indices = [feature.index for feature in features if feature.layer == layer]
                groups += _groups(step, (layer, position), (row, lender, lender_position), indices)
    scaled = tuple(HeadChange(*at, factor) for at, factor in heads.items())
    return RowChanges(row, tuple(composed.values()), tuple(groups), scaled)


def decoder_vectors(
    dictionary: Dictionary, layer: int, indices: Sequence[int]
) -> Float64[np.ndarray, "chosen d_model"]:
    """What each of these features writes per unit of activation."""
    chosen = dictionary.write_vectors(layer, torch.as_tensor(indices, dtype=torch.long))
    return np.asarray(chosen.detach().cpu().double().numpy())


def _places(
    part: Part, step: Step, row: RowActivations, partner: RowActivations | None
) -> list[tuple[int, RowActivations, int]]:
    """Per position in the row: the row that lends its features, and the position there."""
    own = positions(row.instance, part.position)
    if step.action != "set_from_partner":
        return [(position, row, position) for position in own]
    if partner is None:
        raise EntryError(
            f"step set_from_partner on {part.id}", "an intervention with a partner", "none",
            "add partner: {differs_in: […]}",
        )  # fmt: skip
    lent = positions(partner.instance, part.position)
    if len(own) != 1 or len(lent) != 1:
        raise EntryError(
            f"part {part.id}",
            "one position, so that the partner's activations have a place",
            str(part.position),
            "use last, an entity or an index",
        )
    return [(own[0], partner, lent[0])]


def _composed(before: Change, step: Step, lent: float) -> Change:
    """The change after one more step."""
    factor = 1.0 if step.factor is None else step.factor
    value = step.value or 0.0
    scale, shift = {
        "ablate": (0.0, 0.0),
        "scale": (factor, 0.0),
        "set": (0.0, value),
        "add": (1.0, value),
        "set_from_partner": (0.0, factor * lent),
    }[step.action]
    return Change(
        before.layer,
        before.index,
        before.position,
        scale * before.scale,
        scale * before.shift + shift,
    )


def _groups(
    step: Step,
    place: Place,
    lenders: tuple[RowActivations, RowActivations, int],
    indices: Sequence[int],
) -> list[Group]:
    """The step's features at a place, split by the row in which they are active.

    With a partner: those active in the partner are matched there; those active only in the row
    itself are switched off by the step and matched in the row.
    """
    row, lender, lender_position = lenders
    layer, position = place
    lent = [i for i in indices if lender.at(layer, lender_position).value_of(i) != 0]
    own = [i for i in indices if i not in lent and row.at(layer, position).value_of(i) != 0]
    silent = [i for i in indices if i not in lent and i not in own]
    groups = []
    if lent:
        groups.append(Group(step, place, lender, lender_position, tuple(lent), False))
    if own:
        off = Step(part=step.part, action="ablate")
        groups.append(Group(off, place, row, position, tuple(own), False))
    if silent and step.action in ("set", "add"):
        groups.append(Group(step, place, row, position, tuple(silent), True))
    return groups


def _head_factor(circuit: Circuit, part: Part, step: Step) -> float:
    """What a step multiplies the outputs of a part's heads by."""
    if step.action == "ablate":
        return 0.0
    if step.action == "scale" and step.factor is not None:
        return step.factor
    raise EntryError(
        f"circuit {circuit.id}: part {part.id}",
        "ablate or scale for a part with heads",
        f"{step.action} with heads {', '.join(map(str, part.heads))}",
        "a head's output is no activation: give the heads a part of their own",
    )
