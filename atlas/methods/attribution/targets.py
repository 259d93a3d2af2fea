"""What an attribution graph explains: logits of the last position, as directions to trace back.

A logit is traced as the token's unembedding column minus the mean column, because only
differences between logits change probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.errors import BadInput
from atlas.models.replacement import FrozenPass


@dataclass(frozen=True)
class SalientTokens:
    """The most probable tokens that together reach a share of the probability."""

    probability_mass: float = 0.95  # as published (Ameisen et al. 2025)
    most: int = 10  # at most this many

    def __post_init__(self) -> None:
        if not 0 < self.probability_mass <= 1 or self.most < 1:
            raise BadInput(
                "salient targets",
                "a probability mass above 0 and up to 1, and at least one token",
                f"{self.probability_mass} and {self.most}",
            )


@dataclass(frozen=True)
class GivenTokens:
    """These tokens, each as text or as an id."""

    tokens: tuple[str | int, ...]

    def __post_init__(self) -> None:
        if not self.tokens or len(set(self.tokens)) != len(self.tokens):
            raise BadInput("targets", "one or more different tokens", repr(self.tokens))


@dataclass(frozen=True)
class TokenDifference:
    """The logit of one token minus that of another."""

    target: str | int
    foil: str | int

    def __post_init__(self) -> None:
        if self.target == self.foil:
            raise BadInput("target difference", "two different tokens", repr(self.target))


Target = SalientTokens | GivenTokens | TokenDifference


@dataclass(frozen=True)
class TracedLogits:
    """The rows of a graph's logits."""

    index: tuple[int, ...]  # vocabulary ids; for a difference, an id past the vocabulary
    label: tuple[str, ...]
    probability: tuple[float, ...]  # 1 for a difference
    direction: Float[Tensor, "logit d_model"]  # read at the output of the final norm
    bias: Float[Tensor, " logit"]  # of the unembedding
    total: Float[Tensor, " logit"]  # demeaned logits before a soft cap


def traced_logits(frozen: FrozenPass, target: Target) -> TracedLogits:
    """The logits to trace.

    Raises:
        BadInput: an id outside the vocabulary.
        ModelError: a text that is not one token.
    """
    if isinstance(target, TokenDifference):
        return _difference(frozen, target)
    probabilities = frozen.logits[-1].float().softmax(dim=-1)
    if isinstance(target, SalientTokens):
        chosen = _salient(probabilities, target)
    else:
        chosen = [_vocabulary_id(frozen, token) for token in target.tokens]
    unembedding = frozen.model.unembedding()
    columns = unembedding.weight[:, chosen].T
    bias = torch.zeros_like(columns[:, 0])
    if unembedding.bias is not None:
        bias = unembedding.bias[chosen] - unembedding.bias.mean()
    return TracedLogits(
        index=tuple(chosen),
        label=tuple(frozen.model.token_string(token) for token in chosen),
        probability=tuple(float(probabilities[token]) for token in chosen),
        direction=columns - unembedding.mean(),
        bias=bias,
        total=frozen.raw_logits[chosen] - frozen.raw_logits.mean(),
    )


def _salient(probabilities: Float[Tensor, " d_vocab"], target: SalientTokens) -> list[int]:
    top = probabilities.topk(min(target.most, len(probabilities)))
    reached = int((top.values.cumsum(0) < target.probability_mass).sum()) + 1
    return [int(token) for token in top.indices[:reached]]


def _difference(frozen: FrozenPass, target: TokenDifference) -> TracedLogits:
    first, second = (_vocabulary_id(frozen, token) for token in (target.target, target.foil))
    if first == second:
        raise BadInput("target difference", "two different tokens", repr(target.target))
    unembedding = frozen.model.unembedding()
    bias = torch.zeros_like(frozen.raw_logits[:1])
    if unembedding.bias is not None:
        bias = (unembedding.bias[first] - unembedding.bias[second])[None]
    names = [frozen.model.token_string(token) for token in (first, second)]
    return TracedLogits(
        index=(frozen.model.d_vocab,),
        label=(f"{names[0]} − {names[1]}",),  # noqa: RUF001  a minus sign
        probability=(1.0,),
        direction=(unembedding.weight[:, first] - unembedding.weight[:, second])[None],
        bias=bias,
        total=(frozen.raw_logits[first] - frozen.raw_logits[second])[None],
    )


def _vocabulary_id(frozen: FrozenPass, token: str | int) -> int:
    if isinstance(token, str):
        return frozen.model.token_id(token)
    if not 0 <= token < frozen.model.d_vocab:
        raise BadInput("target", f"a token id below {frozen.model.d_vocab}", str(token))
    return token
