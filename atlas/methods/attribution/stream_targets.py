"""Features and directions of the residual stream as targets.

A feature is explained by its pre-activation, which is linear in what its encoder reads, whether the
feature is active or not; it reads as any feature with a row of its own does. A direction is read
off the stream itself, with no norm in between.
"""

from __future__ import annotations

import torch

from atlas.errors import BadInput
from atlas.methods.attribution.explained import NO_TOKEN, Explained, Reading, joined, position_in
from atlas.methods.attribution.explained import less as difference
from atlas.methods.attribution.row_targets import Targets, after_all, before_attention, before_mlp
from atlas.methods.attribution.targets import (
    Direction,
    Directions,
    FeatureDifference,
    FeaturePlace,
    FeatureTargets,
)
from atlas.models.replacement import FrozenPass
from atlas.models.sites import Site


def feature_targets(frozen: FrozenPass, target: FeatureTargets) -> Explained:
    """The pre-activations of these features."""
    return joined([_feature(frozen, feature) for feature in target.features])


def feature_difference(frozen: FrozenPass, target: FeatureDifference) -> Explained:
    """The difference of two features' pre-activations."""
    return difference(_feature(frozen, target.target), _feature(frozen, target.foil))


def directions(frozen: FrozenPass, target: Directions) -> Explained:
    """The inner products of these vectors with the stream."""
    return joined([_direction(frozen, each) for each in target.directions])


def _feature(frozen: FrozenPass, feature: FeaturePlace) -> Explained:
    where, layer, dictionary = "feature target", feature.layer, frozen.dictionary
    position = position_in(frozen.length, feature.position, where)
    if not 0 <= layer < frozen.model.layers:
        raise BadInput(where, f"a layer below {frozen.model.layers}", str(layer))
    coder, mlp = dictionary.coder(layer), frozen.mlps[layer]
    if not 0 <= feature.index < coder.features:
        raise BadInput(where, f"a feature below {coder.features}", str(feature.index))
    encoder, bias = coder.encoder([feature.index]), coder.b_enc[[feature.index]]
    read = frozen.values[dictionary.feature_input, layer][position]
    constants = {"encoder_bias": bias}
    if mlp.read_bias is not None:
        constants["norm_bias"] = encoder @ mlp.read_bias
    at = torch.tensor([layer, position], device=encoder.device)
    gradient = mlp.read_gradient(encoder, at[1:])
    return Explained(
        token=(NO_TOKEN,),
        label=(f"feature {layer}-{feature.index} at position {position}",),
        probability=(1.0,),
        reading=Reading(Targets(before_mlp(at[:1], frozen.model), at[1:], gradient), constants),
        total=encoder @ read + bias,
    )


def _direction(frozen: FrozenPass, direction: Direction) -> Explained:
    model, where = frozen.model, f"direction {direction.name}"
    position = position_in(frozen.length, direction.position, where)
    if not 0 <= direction.layer < model.layers:
        raise BadInput(where, f"a layer below {model.layers}", str(direction.layer))
    if len(direction.vector) != model.d_model:
        raise BadInput(where, f"{model.d_model} numbers", f"{len(direction.vector)}")
    vector = frozen.tokens.new_tensor(direction.vector)[None]
    at = torch.tensor([direction.layer, position], device=vector.device)
    match direction.read:
        case "before_layer":
            place, depth = (Site.RESIDUAL_BEFORE, direction.layer), before_attention(at[:1])
            words = f"before layer {direction.layer}"
        case "before_mlp":
            site = Site.RESIDUAL_BEFORE if model.parallel_blocks else Site.RESIDUAL_MIDDLE
            place, depth = (site, direction.layer), before_mlp(at[:1], model)
            words = f"before the MLP of layer {direction.layer}"
        case "after_all":
            place = (Site.RESIDUAL_AFTER, model.layers - 1)
            depth, words = torch.full_like(at[:1], after_all(model)), "after all layers"
    return Explained(
        token=(NO_TOKEN,),
        label=(f"{direction.name} {words} at position {position}",),
        probability=(1.0,),
        reading=Reading(Targets(depth, at[1:], vector), {}),
        total=vector @ frozen.values[place][position],
    )
