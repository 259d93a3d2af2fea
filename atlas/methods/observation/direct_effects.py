"""The tokens whose logits features raise and lower most, directly.

Through the final norm's weight, with its divisor at its mean over a token file:
(w ⊙ d) W_U / s, minus the mean over the vocabulary, in logits per unit of activation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from atlas.dashboards.dashboard_table import TokenEffects
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel

LOGITS_AT_ONCE = 1 << 23  # that stand in memory: 32 MB; more leave the processor's cache


def direct_effects(
    engine: tuple[LanguageModel, Dictionary],
    layer: int,
    indices: Sequence[int],
    settings: tuple[float, int],
) -> tuple[TokenEffects, TokenEffects]:
    """What each feature promotes, and what it suppresses.

    `settings` are the divisor and how many tokens.
    """
    model, dictionary = engine
    final_scale, tokens = settings
    norm, unembedding = model.final_norm(), model.unembedding()
    found: list[list[tuple[np.ndarray, np.ndarray]]] = [[], []]
    portion = max(1, LOGITS_AT_ONCE // model.d_vocab)
    for start in range(0, len(indices), portion):
        chosen = list(indices[start : start + portion])
        written = norm.forward(dictionary.write_vectors(layer, chosen))
        logits = unembedding.linear(written) / final_scale
        logits = logits - logits.mean(dim=-1, keepdim=True)
        count = min(tokens, logits.shape[-1])
        for side, largest in zip(found, (True, False), strict=True):
            best = logits.topk(count, dim=-1, largest=largest)
            side.append((best.indices.cpu().numpy(), best.values.float().cpu().numpy()))
    raised, lowered = (_joined(side) for side in found)
    return raised, lowered


def _joined(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> TokenEffects:
    if not parts:
        return TokenEffects(np.zeros((0, 0), dtype=np.int64), np.zeros((0, 0), dtype=np.float32))
    tokens, logits = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return TokenEffects(tokens, logits)
