"""Which logits of a prompt are meant by what people ask for."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from atlas.errors import BadInput
from atlas.methods.attribution.explained import position_in
from atlas.methods.attribution.targets import GivenTokens, SalientTokens, TokenDifference
from atlas.models.language_model import LanguageModel

TokenTarget = SalientTokens | GivenTokens | TokenDifference


@dataclass(frozen=True)
class LogitPlace:
    """The logit of a token as next token of a position, or what it has over that of a foil."""

    position: int
    token: int
    foil: int | None = None

    def label(self, model: LanguageModel) -> str:
        """The token, or both."""
        token = model.token_string(self.token)
        if self.foil is None:
            return token
        return f"{token} − {model.token_string(self.foil)}"  # noqa: RUF001  a minus sign


def logit_places(
    model: LanguageModel, logits: Float[Tensor, "position d_vocab"], target: TokenTarget
) -> list[LogitPlace]:
    """All that a target names, position by position; `logits` are those after a soft cap.

    Raises:
        BadInput: a position that the prompt does not have, an id outside the vocabulary, a
            difference of a token and itself.
        ModelError: a text that is not one token.
    """
    positions = [position_in(len(logits), each, "target position") for each in target.positions]
    match target:
        case SalientTokens():
            return [
                LogitPlace(position, token)
                for position in positions
                for token in _salient(logits[position], target)
            ]
        case GivenTokens():
            tokens = [_vocabulary_id(model, token) for token in target.tokens]
            return [LogitPlace(position, token) for position in positions for token in tokens]
        case TokenDifference():
            token, foil = (_vocabulary_id(model, each) for each in (target.target, target.foil))
            if token == foil:
                raise BadInput("target difference", "two different tokens", repr(target.target))
            return [LogitPlace(position, token, foil) for position in positions]


def _salient(logits: Float[Tensor, " d_vocab"], target: SalientTokens) -> list[int]:
    probabilities = logits.float().softmax(dim=-1)
    top = probabilities.topk(min(target.most, len(probabilities)))
    reached = int((top.values.cumsum(0) < target.probability_mass).sum()) + 1
    return [int(token) for token in top.indices[:reached]]


def _vocabulary_id(model: LanguageModel, token: str | int) -> int:
    if isinstance(token, str):
        return model.token_id(token)
    if not 0 <= token < model.d_vocab:
        raise BadInput("target", f"a token id below {model.d_vocab}", str(token))
    return token
