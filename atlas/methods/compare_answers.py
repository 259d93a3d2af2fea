"""How an answer changed: tokens before and after, and the divergence of the distributions."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float, Float64
from torch import Tensor


@dataclass(frozen=True)
class TokenAnswer:
    """What one distribution says of one token."""

    logit: float
    probability: float
    rank: int  # 1 for the most probable; tokens with equal logits share the better rank


@dataclass(frozen=True)
class TokenChange:
    """One token before and after."""

    token: int
    before: TokenAnswer
    after: TokenAnswer


@dataclass(frozen=True)
class AnswerChange:
    """The answer, the tokens that are on top before or after, and the divergence in nats."""

    answer: TokenChange
    tokens: tuple[TokenChange, ...]
    divergence: float  # KL(before ‖ after) = Σ p log(p / q)


def compare_answers(
    before: Float[Tensor, " d_vocab"],
    after: Float[Tensor, " d_vocab"],
    top: int,
    answer: int | None = None,
) -> AnswerChange:
    """What changed between two logit vectors; tokens by their larger probability of the two.

    The answer is the most probable token before, unless another one is named.
    """
    before, after = before.double().cpu(), after.double().cpu()
    log_p, log_q = before.log_softmax(-1), after.log_softmax(-1)
    p, q = log_p.exp(), log_q.exp()
    count = min(top, len(p))
    chosen = sorted({*p.topk(count).indices.tolist(), *q.topk(count).indices.tolist()})

    def change(token: int) -> TokenChange:
        return TokenChange(token, _of_token(before, p, token), _of_token(after, q, token))

    changes = [change(token) for token in chosen]
    changes.sort(key=lambda one: -max(one.before.probability, one.after.probability))
    return AnswerChange(
        change(int(before.argmax()) if answer is None else answer),
        tuple(changes),
        max(0.0, float((p * (log_p - log_q)).sum())),
    )


def _of_token(
    logits: Float64[Tensor, " d_vocab"], probabilities: Float64[Tensor, " d_vocab"], token: int
) -> TokenAnswer:
    rank = 1 + int((logits > logits[token]).sum())
    return TokenAnswer(float(logits[token]), float(probabilities[token]), rank)
