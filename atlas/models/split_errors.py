"""The errors of a mixture of experts, split into what each chosen expert leaves unexplained.

A mixture gives Σ_e g_e y_e, the outputs of the chosen experts weighted by their gates; a transcoder
reconstructs the sum as r and does not say which expert it stands for. With the share of the gates
s_e = g_e / Σ g, an expert's part is

    error_e = g_e y_e − s_e r = s_e (Σ g · y_e − r)

how far the output would be from the reconstruction if all gates were that expert's, times its
share of them. The shares sum to 1, so the parts sum to Σ_e g_e y_e − r, the error. Where gates are
normalised, Σ g = 1 and the part is g_e (y_e − r). Any other division of r would be another division
of the error; this one charges experts in proportion to how much the router trusts them, and an
expert that is exactly what the transcoder reconstructs has no error.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.errors import BadInput, ModelError
from atlas.models.experts import ChosenExperts
from atlas.models.held_sums import OFF_BY
from atlas.models.replacement import ErrorParts, FrozenPass
from atlas.models.sites import Site


def split_errors(frozen: FrozenPass) -> FrozenPass:
    """The same pass with its errors split by expert; layers without experts keep theirs whole.

    Raises:
        BadInput: the model has no layer with experts.
        ModelError: the experts' weighted outputs do not sum to the mixture's output, as where an
            expert shared by all tokens stands beside them.
    """
    chosen = [_chosen(frozen, layer) for layer in range(frozen.model.layers)]
    slots = max((each.expert.shape[1] for each in chosen if each is not None), default=0)
    if slots == 0:
        expected = f"a model with experts, for {frozen.model.name}"
        raise BadInput("split errors", expected, "one MLP for all tokens in each layer")
    layers, length, width = frozen.errors.shape
    vectors = frozen.errors.new_zeros(layers, length, slots, width)
    expert = torch.full((layers, length, slots), ErrorParts.ABSENT, device=vectors.device)
    for layer, each in enumerate(chosen):
        if each is None:
            vectors[layer, :, 0] = frozen.errors[layer]
            expert[layer, :, 0] = ErrorParts.WHOLE
            continue
        here = slice(0, each.expert.shape[1])
        vectors[layer, :, here] = _parts(frozen, layer, each)
        expert[layer, :, here] = each.expert
    vectors[:, : frozen.zero_positions] = 0  # their MLPs are constants, errors included
    return replace(frozen, error_parts=ErrorParts(vectors, expert))


def _chosen(frozen: FrozenPass, layer: int) -> ChosenExperts | None:
    """What the layer's experts did; None where it has none."""
    mixture = frozen.model.mixture(layer)
    return None if mixture is None else mixture.choose(frozen.values[Site.MLP_INPUT, layer])


def _parts(
    frozen: FrozenPass, layer: int, chosen: ChosenExperts
) -> Float[Tensor, "position slot d_model"]:
    outputs = chosen.output
    norm, bias = frozen.model.mlp_post_norm(layer), None
    if norm is not None:
        scale = frozen.values[Site.MLP_POST_NORM_SCALE, layer][:, None]
        outputs, bias = norm.forward(outputs) / scale, norm.bias
    whole = outputs.sum(dim=1)
    given = frozen.values[Site.MLP_WRITE, layer]
    off = (whole if bias is None else whole + bias) - given
    if bool((off.norm(dim=-1) > OFF_BY * given.norm(dim=-1)).any()):
        raise ModelError(
            f"{frozen.model.name} ({frozen.model.architecture}): layer {layer}",
            "experts whose outputs, weighted by their gates, sum to the mixture's output",
            "something beside them",
            "its errors cannot be split by expert",
        )
    share = chosen.gate / chosen.gate.sum(dim=1, keepdim=True)
    reconstruction = whole - frozen.errors[layer]
    return outputs - share[..., None] * reconstruction[:, None]
