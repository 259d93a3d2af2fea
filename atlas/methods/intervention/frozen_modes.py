"""The frozen modes: what they hold, and how changes are written into what is held.

A neuron's change becomes what its output weights make of it, added to the held output of its MLP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from atlas.errors import BadInput, ModelError
from atlas.methods.intervention.edits import chained, held_edits
from atlas.methods.intervention.interventions import (
    AnyIntervention,
    HeadIntervention,
    StreamIntervention,
)
from atlas.methods.intervention.kept_values import KeptValues
from atlas.methods.intervention.plan import LayerPlan, empty_plan
from atlas.methods.intervention.site_plan import SitePlan, UnitChanges
from atlas.models.dictionaries import MlpDictionary
from atlas.models.language_model import Edit, LanguageModel, Place
from atlas.models.sites import Site
from atlas.models.tried_once import patterns_can_be_changed

SCALES = (
    Site.ATTENTION_NORM_SCALE,
    Site.ATTENTION_POST_NORM_SCALE,
    Site.MLP_NORM_SCALE,
    Site.MLP_POST_NORM_SCALE,
)
Plans = tuple[dict[int, LayerPlan], SitePlan]
"""What goes through the dictionary, and what is changed at sites of its own."""


def frozen_edits(
    engine: tuple[LanguageModel, MlpDictionary],
    kept: KeptValues,
    plans: Plans,
    through: Sequence[int],
    hold_scales: bool,
) -> dict[Place, Edit]:
    """Hold patterns, MLP outputs up to a layer per row, perhaps norm scales; write the changes."""
    model, dictionary = engine
    layers, sites = plans
    clean = kept.at(_held_places(model, dictionary) + sites.places)
    for layer, changes in sites.neurons.items():
        plan = layers.get(layer, empty_plan(clean[dictionary.feature_output, layer]))
        layers = {**layers, layer: _with_neurons(model, dictionary, (layer, plan, changes), clean)}
    last = torch.tensor(through, device=model.device)[:, None, None]
    held = {layer: last >= layer for layer in range(max(through) + 1)}
    edits = held_edits(dictionary, layers, clean, held)
    for layer in range(model.layers):
        pattern = (Site.ATTENTION_PATTERN, layer)
        edits[pattern] = _replace(clean[pattern])
    if hold_scales:
        edits.update({place: _replace(clean[place]) for place in _scale_places(model)})
    return chained(sites.held_edits(clean), edits)


def held_through(
    model: LanguageModel, interventions: Sequence[AnyIntervention], asked: int | None
) -> int:
    """The last layer whose MLP output constrained mode holds in a row; -1 for none.

    Without a layer asked for, the MLPs that respond are those after the last change.

    Raises:
        BadInput: a change that would not count, or one of all layers, which cannot be held.
    """
    last = max((_last_held(each) for each in interventions), default=-1)
    if asked is not None and asked < last:
        raise BadInput(
            "held_through", f"layer {last} or later, so that all changes count", f"layer {asked}"
        )
    return last if asked is None else min(asked, model.layers - 1)


def check_can_hold(
    model: LanguageModel, mode: str, interventions: Sequence[Sequence[AnyIntervention]]
) -> None:
    """Refuse a model whose patterns cannot be held, and a direction at all layers.

    Raises:
        ModelError: nothing reads the pattern that could be held.
        BadInput: changes at all layers, where each would be relative to the undisturbed value.
    """
    if not patterns_can_be_changed(model):
        raise ModelError(
            f"{model.name} ({model.architecture}): mode {mode}",
            "attention whose pattern can be held", "one whose pattern nothing reads",
            "use iterative mode",
        )  # fmt: skip
    if any(each.layer is None for listed in interventions for each in listed):
        raise BadInput(
            f"a direction at all layers in {mode} mode", "one layer", "all",
            "every layer would take away again what the first one took: use iterative mode",
        )  # fmt: skip


def _last_held(intervention: AnyIntervention) -> int:
    """The last MLP that must be held: the MLP after a head or a changed stream responds to it."""
    layer = intervention.layer or 0
    return layer - isinstance(intervention, HeadIntervention | StreamIntervention)


def _held_places(model: LanguageModel, dictionary: MlpDictionary) -> list[Place]:
    sites = (Site.ATTENTION_PATTERN, dictionary.feature_input, dictionary.feature_output)
    places = [(site, layer) for layer in range(model.layers) for site in sites]
    return places + _scale_places(model)


def _scale_places(model: LanguageModel) -> list[Place]:
    places: list[Place] = [(Site.FINAL_NORM_SCALE, 0)]
    for layer in range(model.layers):
        places += [(site, layer) for site in SCALES if model.has(site, layer)]
    return places


def _with_neurons(
    model: LanguageModel,
    dictionary: MlpDictionary,
    at: tuple[int, LayerPlan, UnitChanges],
    clean: Mapping[Place, Tensor],
) -> LayerPlan:
    """The layer's plan with what changed neurons write at the dictionary's output site."""
    layer, plan, changes = at
    amounts = changes.differences(clean[Site.NEURON, layer])
    written = amounts[:, None] * model.neuron_output(layer)[changes.unit]
    norm = model.mlp_post_norm(layer)
    if norm is not None and dictionary.feature_output is Site.MLP_WRITE:
        scale = clean[Site.MLP_POST_NORM_SCALE, layer][changes.row, changes.position]
        written = norm.forward(written) / scale
    return plan.with_pushes(changes.row, changes.position, written)


def _replace(kept: Tensor) -> Edit:
    return lambda value: kept
