"""How an answer changed: top tokens before and after, and the divergence of the distributions."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class TokenChange:
    """One token's probability before and after."""

    token: int
    before: float
    after: float


@dataclass(frozen=True)
class AnswerChange:
    """The tokens that are on top before or after, and the divergence in nats."""

    tokens: tuple[TokenChange, ...]
    divergence: float  # KL(before ‖ after) = Σ p log(p / q)


def compare_answers(
    before: Float[Tensor, " d_vocab"], after: Float[Tensor, " d_vocab"], top: int
) -> AnswerChange:
    """What changed between two logit vectors; tokens by their larger probability of the two."""
    log_p, log_q = before.double().log_softmax(-1), after.double().log_softmax(-1)
    p, q = log_p.exp(), log_q.exp()
    count = min(top, len(p))
    chosen = sorted({*p.topk(count).indices.tolist(), *q.topk(count).indices.tolist()})
    changes = [TokenChange(token, float(p[token]), float(q[token])) for token in chosen]
    changes.sort(key=lambda change: -max(change.before, change.after))
    return AnswerChange(tuple(changes), max(0.0, float((p * (log_p - log_q)).sum())))
