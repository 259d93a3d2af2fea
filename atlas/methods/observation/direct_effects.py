"""The tokens whose logits a feature raises and lowers most, directly.

Through the final norm's weight, with its divisor at its mean over a token file:
(w ⊙ d) W_U / s, minus the mean over the vocabulary, in logits per unit of activation.
"""

from __future__ import annotations

from collections.abc import Sequence

from atlas.dashboards.dashboard import TokenEffect
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel

Effects = tuple[TokenEffect, ...]
"""The strongest first."""


def direct_effects(
    engine: tuple[LanguageModel, Dictionary],
    layer: int,
    indices: Sequence[int],
    settings: tuple[float, int],
) -> list[tuple[Effects, Effects]]:
    """What each feature promotes and suppresses; `settings` are the divisor and how many tokens.

    The vocabulary's logits of all the features stand in memory at once.
    """
    model, dictionary = engine
    final_scale, tokens = settings
    written = model.final_norm().forward(dictionary.write_vectors(layer, list(indices)))
    logits = model.unembedding().linear(written) / final_scale
    logits = logits - logits.mean(dim=-1, keepdim=True)
    count = min(tokens, logits.shape[-1])
    sides = [logits.topk(count, dim=-1, largest=largest) for largest in (True, False)]
    raised, lowered = (
        [
            tuple(
                TokenEffect(model.token_string(token), round(value, 4))
                for value, token in zip(values, ids, strict=True)
            )
            for values, ids in zip(side.values.tolist(), side.indices.tolist(), strict=True)
        ]
        for side in sides
    )
    return list(zip(raised, lowered, strict=True))
