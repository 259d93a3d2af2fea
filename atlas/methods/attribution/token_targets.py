"""Logits as targets.

A logit is traced as the token's unembedding column minus the mean column, because only differences
between logits change probabilities, and read at the output of the final norm.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.errors import BadInput
from atlas.methods.attribution.explained import Explained, Reading, joined, less, position_in
from atlas.methods.attribution.sweep import Targets, after_all
from atlas.methods.attribution.targets import GivenTokens, SalientTokens, TokenDifference
from atlas.models.replacement import FrozenPass
from atlas.models.sites import Site


def salient_tokens(frozen: FrozenPass, target: SalientTokens) -> Explained:
    """The most probable next tokens of each position."""
    parts = []
    for position in _positions(frozen, target.positions):
        probabilities = frozen.logits[position].float().softmax(dim=-1)
        top = probabilities.topk(min(target.most, len(probabilities)))
        reached = int((top.values.cumsum(0) < target.probability_mass).sum()) + 1
        parts.append(_logits(frozen, [int(token) for token in top.indices[:reached]], position))
    return joined(parts)


def given_tokens(frozen: FrozenPass, target: GivenTokens) -> Explained:
    """These tokens at each position."""
    chosen = [_vocabulary_id(frozen, token) for token in target.tokens]
    positions = _positions(frozen, target.positions)
    return joined([_logits(frozen, chosen, position) for position in positions])


def token_difference(frozen: FrozenPass, target: TokenDifference) -> Explained:
    """The difference of two tokens' logits at each position."""
    first, second = (_vocabulary_id(frozen, token) for token in (target.target, target.foil))
    if first == second:
        raise BadInput("target difference", "two different tokens", repr(target.target))
    positions = _positions(frozen, target.positions)
    return joined(
        [
            less(_logits(frozen, [first], position), _logits(frozen, [second], position))
            for position in positions
        ]
    )


def _positions(frozen: FrozenPass, positions: tuple[int, ...]) -> list[int]:
    return [position_in(frozen.length, each, "target position") for each in positions]


def _vocabulary_id(frozen: FrozenPass, token: str | int) -> int:
    if isinstance(token, str):
        return frozen.model.token_id(token)
    if not 0 <= token < frozen.model.d_vocab:
        raise BadInput("target", f"a token id below {frozen.model.d_vocab}", str(token))
    return token


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
