"""Changes of heads, neurons and stream directions as edits of the values at their own sites.

All are affine in the value that they meet: new = factor × value + offset. On the live model that
value is what the pass has come to. With everything else held, the change is taken from the
undisturbed value and added to whatever passes, so that effects add up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.errors import BadInput, ModelError
from atlas.methods.intervention.interventions import (
    AnyIntervention,
    HeadIntervention,
    NeuronIntervention,
    StreamIntervention,
    positions_of,
)
from atlas.models.language_model import Edit, LanguageModel, Place
from atlas.models.sites import Site


@dataclass(frozen=True)
class UnitChanges:
    """What happens to the heads or the neurons of one layer."""

    name: str  # for errors
    row: Int[Tensor, " change"]
    position: Int[Tensor, " change"]
    unit: Int[Tensor, " change"]
    factor: Float[Tensor, " change"]
    offset: Float[Tensor, "change ..."]

    def changed(self, value: Float[Tensor, "batch position unit ..."]) -> Tensor:
        """The value with its changes made."""
        cells = self._cells(value)
        out = value.clone()
        out[self.row, self.position, self.unit] = self._factors(cells) * cells + self.offset
        return out

    def differences(self, value: Float[Tensor, "batch position unit ..."]) -> Tensor:
        """By how much each unit's output changes."""
        cells = self._cells(value)
        return (self._factors(cells) - 1) * cells + self.offset

    def moved(self, value: Tensor, differences: Tensor) -> Tensor:
        """The value with these differences added."""
        out = value.clone()
        return out.index_put_((self.row, self.position, self.unit), differences, accumulate=True)

    def _cells(self, value: Tensor) -> Tensor:
        units, largest = value.shape[2], int(self.unit.max())
        if largest >= units:
            raise BadInput(f"intervention: {self.name}", f"a number below {units}", str(largest))
        wanted = value.shape[3:]
        if self.offset.ndim > 1 and self.offset.shape[1:] not in (wanted, (1,)):
            raise BadInput(
                f"intervention: {self.name}", f"a vector of width {wanted[0]}",
                str(self.offset.shape[1]),
            )  # fmt: skip
        return value[self.row, self.position, self.unit]

    def _factors(self, cells: Tensor) -> Tensor:
        return self.factor.reshape(-1, *(1,) * (cells.ndim - 1))


@dataclass(frozen=True)
class StreamChange:
    """What happens to the stream's component along one unit direction."""

    row: Int[Tensor, " cell"]
    position: Int[Tensor, " cell"]
    direction: Float[Tensor, " d_model"]
    factor: float
    offset: float

    def difference(
        self, value: Float[Tensor, "batch position d_model"]
    ) -> Float[Tensor, "cell d_model"]:
        """By how much the stream changes."""
        if value.shape[-1] != len(self.direction):
            raise BadInput(
                "intervention: vector", f"width {value.shape[-1]}", f"{len(self.direction)}"
            )
        along = value[self.row, self.position] @ self.direction
        return ((self.factor - 1) * along + self.offset)[:, None] * self.direction

    def moved(self, value: Tensor, difference: Tensor) -> Tensor:
        """The value with this difference added."""
        return value.clone().index_put_((self.row, self.position), difference, accumulate=True)


@dataclass(frozen=True)
class SitePlan:
    """The changes by place."""

    heads: Mapping[int, UnitChanges]
    neurons: Mapping[int, UnitChanges]
    stream: Mapping[Place, tuple[StreamChange, ...]]

    @property
    def places(self) -> list[Place]:
        """Every place at which something changes."""
        found = [(Site.HEAD_OUTPUT, layer) for layer in self.heads]
        return [*found, *((Site.NEURON, layer) for layer in self.neurons), *self.stream]

    def live_edits(self) -> dict[Place, Edit]:
        """The changes, made to the values that the pass comes to."""
        edits: dict[Place, Edit] = {}
        for layer, changes in self.heads.items():
            edits[Site.HEAD_OUTPUT, layer] = changes.changed
        for layer, changes in self.neurons.items():
            edits[Site.NEURON, layer] = changes.changed
        for place, several in self.stream.items():
            edits[place] = _one_after_another(several)
        return edits

    def held_edits(self, clean: Mapping[Place, Tensor]) -> dict[Place, Edit]:
        """Heads' and the stream's changes of the undisturbed values, added to what passes."""
        edits: dict[Place, Edit] = {}
        for layer, changes in self.heads.items():
            place = (Site.HEAD_OUTPUT, layer)
            edits[place] = _moving([(changes, changes.differences(clean[place]))])
        for place, several in self.stream.items():
            edits[place] = _moving([(one, one.difference(clean[place])) for one in several])
        return edits


def plan_sites(
    model: LanguageModel,
    interventions: Sequence[Sequence[AnyIntervention]],
    lengths: Sequence[int],
    first: int = 0,
) -> SitePlan:
    """The changes of heads, neurons and the stream in a batch whose ids start at position `first`.

    Raises:
        BadInput: a position that does not fit, or one head or neuron changed twice at a position.
        ModelError: a layer without such a site.
    """
    units: dict[Place, _Units] = {}
    stream: dict[Place, list[StreamChange]] = {}
    for row, (listed, length) in enumerate(zip(interventions, lengths, strict=True)):
        for each in listed:
            places = _places(model, each)
            at = [place - first for place in positions_of(each, length) if place >= first]
            for place in places:
                if isinstance(each, StreamIntervention) and at:
                    stream.setdefault(place, []).append(_stream_change(model, each, row, at))
                elif isinstance(each, HeadIntervention | NeuronIntervention) and at:
                    units.setdefault(place, _Units(place)).add(row, at, each)
    built = {place: found.build(model) for place, found in units.items()}
    return SitePlan(
        {layer: found for (site, layer), found in built.items() if site is Site.HEAD_OUTPUT},
        {layer: found for (site, layer), found in built.items() if site is Site.NEURON},
        {place: tuple(several) for place, several in stream.items()},
    )


def _places(model: LanguageModel, intervention: AnyIntervention) -> list[Place]:
    """Where an intervention acts; none for those that go through the dictionary."""
    layer = intervention.layer
    if layer is not None and not 0 <= layer < model.layers:
        raise ModelError(model.name, f"a layer below {model.layers}", f"layer {layer}")
    where = f"{model.name} ({model.architecture}): layer {layer}"
    match intervention:
        case HeadIntervention(layer=at):
            missing = model.missing_part(at)
            if missing is not None or not model.has(Site.HEAD_OUTPUT, at):
                raise ModelError(where, "attention with an output per head", missing or "none")
            return [(Site.HEAD_OUTPUT, at)]
        case NeuronIntervention(layer=at):
            if not model.has(Site.NEURON, at):
                found = "experts, whose neurons run for some tokens only, or no MLP"
                action = "change features, heads or the stream there"
                raise ModelError(where, "one MLP for all tokens", found, action)
            return [(Site.NEURON, at)]
        case StreamIntervention(layer=None):
            # What the MLP reads is changed where it reads, and so is what the next layer does.
            every: list[Place] = []
            for each in range(model.layers):
                every += [(Site.RESIDUAL_BEFORE, each), (Site.RESIDUAL_MIDDLE, each)]
            every.append((Site.RESIDUAL_AFTER, model.layers - 1))
            return [place for place in every if model.has(*place)]
        case StreamIntervention(layer=int(at)):
            return [(Site.RESIDUAL_BEFORE, at)]
    return []


class _Units:
    """Collects the changes of one layer's heads or neurons."""

    def __init__(self, place: Place) -> None:
        self._of_heads = place[0] is Site.HEAD_OUTPUT
        self._name = f"{'heads' if self._of_heads else 'neurons'} of layer {place[1]}"
        self._cells: dict[tuple[int, int, int], tuple[float, float | np.ndarray]] = {}

    def add(
        self, row: int, positions: Sequence[int], change: HeadIntervention | NeuronIntervention
    ) -> None:
        becomes: tuple[float, float | np.ndarray]
        if isinstance(change, HeadIntervention):
            unit = change.head
            factor = {"scale": change.value, "add": 1.0}.get(change.action, 0.0)
            becomes = (factor, 0.0 if change.vector is None else change.vector)
        else:
            unit, becomes = change.index, change.factor_and_offset
        if unit < 0:
            raise BadInput(f"intervention: {self._name}", "a number from 0 on", str(unit))
        for position in positions:
            if (row, position, unit) in self._cells:
                found = f"a second of number {unit} at position {position} of row {row}"
                raise BadInput(f"intervention: {self._name}", "one change per position", found)
            self._cells[row, position, unit] = becomes

    def build(self, model: LanguageModel) -> UnitChanges:
        keys = torch.tensor(list(self._cells), device=model.device)
        factors, offsets = zip(*self._cells.values(), strict=True)
        widths = {len(each) for each in offsets if isinstance(each, np.ndarray)}
        if len(widths) > 1:
            raise BadInput(f"intervention: {self._name}", "vectors of one width", str(widths))
        given = [np.broadcast_to(each, tuple(widths) or ()) for each in offsets]
        offset = torch.tensor(np.stack(given), dtype=model.dtype, device=model.device)
        if self._of_heads and not widths:
            offset = offset[:, None]
        factor = torch.tensor(factors, dtype=model.dtype, device=model.device)
        return UnitChanges(self._name, keys[:, 0], keys[:, 1], keys[:, 2], factor, offset)


def _stream_change(
    model: LanguageModel, change: StreamIntervention, row: int, positions: Sequence[int]
) -> StreamChange:
    vector = change.vector.astype(np.float64)
    unit = torch.from_numpy(vector / max(float(np.linalg.norm(vector)), 1e-300))
    at = torch.tensor(list(positions), device=model.device)
    direction = unit.to(model.device, model.dtype)
    return StreamChange(torch.full_like(at, row), at, direction, *change.factor_and_offset)


def _one_after_another(several: Sequence[StreamChange]) -> Edit:
    def edit(value: Tensor) -> Tensor:
        for one in several:
            value = one.moved(value, one.difference(value))
        return value

    return edit


def _moving(several: Sequence[tuple[UnitChanges | StreamChange, Tensor]]) -> Edit:
    def edit(value: Tensor) -> Tensor:
        for changes, differences in several:
            value = changes.moved(value, differences)
        return value

    return edit
