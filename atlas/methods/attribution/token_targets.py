"""Logits as targets.

A logit is traced as the token's unembedding column minus the mean column, because only differences
between logits change probabilities, and read at the output of the final norm.
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.methods.attribution.explained import Explained, Reading, joined, less
from atlas.methods.attribution.logit_places import TokenTarget, logit_places
from atlas.methods.attribution.row_targets import Targets, after_all
from atlas.models.replacement import FrozenPass
from atlas.models.sites import Site


def token_targets(frozen: FrozenPass, target: TokenTarget) -> Explained:
    """The logits that a target names; errors as `logit_places`."""
    places = logit_places(frozen.model, frozen.logits, target)
    parts = []
    for position, group in groupby(places, attrgetter("position")):
        here = list(group)
        found = _logits(frozen, [place.token for place in here], position)
        foils = [place.foil for place in here if place.foil is not None]
        parts.append(less(found, _logits(frozen, foils, position)) if foils else found)
    return joined(parts)


def _logits(frozen: FrozenPass, chosen: list[int], position: int) -> Explained:
    """The demeaned logits of these tokens at one position."""
    unembedding = frozen.model.unembedding()
    columns = unembedding.columns(chosen)
    bias = torch.zeros_like(columns[:, 0])
    if unembedding.bias is not None:
        bias = unembedding.bias[chosen] - unembedding.bias.mean()
    probabilities = frozen.logits[position].float().softmax(dim=-1)
    before_soft_cap = frozen.values[Site.LOGITS, 0][position]
    return Explained(
        token=tuple(chosen),
        label=tuple(frozen.model.token_string(token) for token in chosen),
        probability=tuple(float(probabilities[token]) for token in chosen),
        reading=_read_at_the_end(frozen, columns - unembedding.mean(), bias, position),
        total=before_soft_cap[chosen] - before_soft_cap.mean(),
    )


def _read_at_the_end(
    frozen: FrozenPass,
    direction: Float[Tensor, "logit d_model"],
    bias: Float[Tensor, " logit"],
    position: int,
) -> Reading:
    """Directions at one position, read at the output of the final norm."""
    norm, scale = frozen.model.final_norm(), frozen.values[Site.FINAL_NORM_SCALE, 0][position]
    depth = torch.full((len(direction),), after_all(frozen.model), device=direction.device)
    constants = {"unembed_bias": bias}
    if norm.bias is not None:
        constants["norm_bias"] = direction @ norm.bias
    gradient = norm.backward(direction) / scale
    return Reading(Targets(depth, torch.full_like(depth, position), gradient), constants)
