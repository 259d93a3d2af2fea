"""Routers' logits as targets: why a mixture of experts chose this expert.

A router's logit is its row for the expert, read at the MLP's input through the norm.
"""

from __future__ import annotations

import torch

from atlas.errors import BadInput, ModelError
from atlas.methods.attribution.explained import (
    NO_TOKEN,
    Explained,
    Reading,
    joined,
    position_in,
)
from atlas.methods.attribution.sweep import Targets, before_mlp
from atlas.methods.attribution.targets import RouterLogit, RouterLogits
from atlas.models.experts import Mixture
from atlas.models.replacement import FrozenPass
from atlas.models.sites import Site


def router_logits(frozen: FrozenPass, target: RouterLogits) -> Explained:
    """The logits of these experts, before the largest are picked."""
    return joined([_router(frozen, router) for router in target.routers])


def _router(frozen: FrozenPass, router: RouterLogit) -> Explained:
    position = position_in(frozen.length, router.position, "router target")
    mixture = _mixture(frozen, router)
    row, read = mixture.weight[[router.expert]], frozen.values[Site.MLP_INPUT, router.layer]
    norm, gradient, bias = frozen.model.mlp_norm(router.layer), row, torch.zeros_like(row[:, 0])
    constants = {"router_bias": bias, "norm_bias": bias}
    if norm is not None:
        gradient = norm.backward(row) / frozen.values[Site.MLP_NORM_SCALE, router.layer][position]
        if norm.bias is not None:
            constants["norm_bias"] = row @ norm.bias
    if mixture.bias is not None:
        constants["router_bias"] = mixture.bias[[router.expert]]
    logits = mixture.logits(read[[position]])[0]
    at = torch.tensor([router.layer, position], device=row.device)
    return Explained(
        token=(NO_TOKEN,),
        label=(f"expert {router.expert} of layer {router.layer} at position {position}",),
        probability=(float(logits.softmax(dim=-1)[router.expert]),),
        reading=Reading(Targets(before_mlp(at[:1], frozen.model), at[1:], gradient), constants),
        total=logits[[router.expert]],
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
