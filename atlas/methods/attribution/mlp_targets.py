"""What is read at an MLP's input as targets: neurons, and the routers of mixtures of experts.

A neuron's pre-activation, its gate's, or a router's logit (why this expert?) is a row of weights
and a bias on what the norm before the MLP gives.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.errors import BadInput, ModelError
from atlas.methods.attribution.explained import (
    NO_TOKEN,
    Explained,
    Reading,
    joined,
    position_in,
)
from atlas.methods.attribution.row_targets import Targets, before_mlp
from atlas.methods.attribution.targets import (
    NeuronPlace,
    NeuronTargets,
    RouterLogit,
    RouterLogits,
)
from atlas.models.experts import Mixture
from atlas.models.replacement import FrozenPass
from atlas.models.sites import Site


@dataclass(frozen=True)
class _Read:
    """A row of weights on the MLP's input at one place."""

    layer: int
    position: int
    weight: Float[Tensor, "1 d_model"]
    bias: Float[Tensor, " 1"]
    bias_name: str  # the constant that it is


def router_logits(frozen: FrozenPass, target: RouterLogits) -> Explained:
    """The logits of these experts, before the largest are picked."""
    return joined([_router(frozen, router) for router in target.routers])


def neuron_targets(frozen: FrozenPass, target: NeuronTargets) -> Explained:
    """The pre-activations of these neurons, or of their gates."""
    return joined([_neuron(frozen, neuron) for neuron in target.neurons])


def _router(frozen: FrozenPass, router: RouterLogit) -> Explained:
    position = position_in(frozen.length, router.position, "router target")
    mixture, expert = _mixture(frozen, router), router.expert
    weight = mixture.weight[[expert]]
    bias = weight.new_zeros(1) if mixture.bias is None else mixture.bias[[expert]]
    logits = mixture.logits(frozen.values[Site.MLP_INPUT, router.layer][[position]])[0]
    label = f"expert {expert} of layer {router.layer} at position {position}"
    read = _Read(router.layer, position, weight, bias, "router_bias")
    return _explained(frozen, read, label, float(logits.softmax(dim=-1)[expert]))


def _neuron(frozen: FrozenPass, neuron: NeuronPlace) -> Explained:
    where, layer, index = "neuron target", neuron.layer, neuron.index
    position = position_in(frozen.length, neuron.position, where)
    if not 0 <= layer < frozen.model.layers:
        raise BadInput(where, f"a layer below {frozen.model.layers}", str(layer))
    weights = frozen.model.mlp_weights(layer)
    if not 0 <= index < len(weights.write):
        raise BadInput(where, f"a neuron below {len(weights.write)}", str(index))
    rows, biases, words = weights.read, weights.read_bias, "neuron"
    if neuron.part == "gate":
        if weights.gate is None:
            raise BadInput(where, f"a gated MLP for the gate of {layer}-{index}", "a plain one")
        rows, biases, words = weights.gate, weights.gate_bias, "gate of neuron"
    read = _Read(layer, position, rows[[index]], biases[[index]], "encoder_bias")
    return _explained(frozen, read, f"{words} {layer}-{index} at position {position}", 1.0)


def _explained(frozen: FrozenPass, read: _Read, label: str, probability: float) -> Explained:
    norm, gradient = frozen.model.mlp_norm(read.layer), read.weight
    constants = {read.bias_name: read.bias}
    if norm is not None:
        scale = frozen.values[Site.MLP_NORM_SCALE, read.layer][read.position]
        gradient = norm.backward(read.weight) / scale
        if norm.bias is not None:
            constants["norm_bias"] = read.weight @ norm.bias
    at = torch.tensor([read.layer, read.position], device=gradient.device)
    return Explained(
        token=(NO_TOKEN,),
        label=(label,),
        probability=(probability,),
        reading=Reading(Targets(before_mlp(at[:1], frozen.model), at[1:], gradient), constants),
        total=read.weight @ frozen.values[Site.MLP_INPUT, read.layer][read.position] + read.bias,
    )


def _mixture(frozen: FrozenPass, router: RouterLogit) -> Mixture:
    """The router's layer, if the target names an expert that is there."""
    model = frozen.model
    if not 0 <= router.layer < model.layers:
        raise BadInput("router target", f"a layer below {model.layers}", str(router.layer))
    mixture = model.mixture(router.layer)
    if mixture is None:
        expected = f"a layer of {model.name} with experts and a router"
        raise BadInput("router target", expected, f"layer {router.layer}, which has none")
    if not 0 <= router.expert < mixture.count:
        raise BadInput("router target", f"an expert below {mixture.count}", str(router.expert))
    if not mixture.is_linear_at(frozen.values[Site.MLP_INPUT, router.layer]):
        raise ModelError(
            f"{model.name} ({model.architecture}): layer {router.layer}, router",
            "logits that are linear in the MLP's input",
            "others",
            "its experts cannot be targets",
        )
    return mixture
