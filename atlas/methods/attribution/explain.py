"""From what people ask for to the rows that explain it."""

from __future__ import annotations

from atlas.methods.attribution.explained import Explained, joined
from atlas.methods.attribution.mlp_targets import neuron_targets, router_logits
from atlas.methods.attribution.stream_targets import (
    directions,
    feature_difference,
    feature_targets,
)
from atlas.methods.attribution.targets import (
    Directions,
    FeatureDifference,
    FeatureTargets,
    GivenTokens,
    NeuronTargets,
    RouterLogits,
    SalientTokens,
    SeveralTargets,
    Target,
    TokenDifference,
)
from atlas.methods.attribution.token_targets import token_targets
from atlas.models.replacement import FrozenPass


def explain(frozen: FrozenPass, target: Target) -> Explained:
    """The targets of a prompt's graph.

    Raises:
        BadInput: an id outside the vocabulary; a layer, feature, neuron, expert or position that is
            not there; a difference of two places; the same target twice.
        ModelError: a text that is not one token; a router that is not linear in the MLP's input;
            an MLP whose neurons cannot be told apart.
    """
    match target:
        case SalientTokens() | GivenTokens() | TokenDifference():
            return token_targets(frozen, target)
        case RouterLogits():
            return router_logits(frozen, target)
        case FeatureTargets():
            return feature_targets(frozen, target)
        case FeatureDifference():
            return feature_difference(frozen, target)
        case NeuronTargets():
            return neuron_targets(frozen, target)
        case Directions():
            return directions(frozen, target)
        case SeveralTargets():
            return joined([explain(frozen, each) for each in target.targets])
