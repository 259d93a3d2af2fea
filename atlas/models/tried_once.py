"""What an architecture does that no name tells, tried on a few tokens, once per model."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Int
from torch import Tensor

from atlas.models.language_model import KeyValueCache, LanguageModel
from atlas.models.sites import Site

TOKENS = 8
"""Tokens to try with, or as many as the context has."""

_Answers = WeakKeyDictionary[LanguageModel, bool]
_EXACT: _Answers = WeakKeyDictionary()
_CHANGED: _Answers = WeakKeyDictionary()


def cache_is_exact(model: LanguageModel) -> bool:
    """Whether passes that go on from a cache give the logits of one pass over all tokens.

    Some architectures (state-space models, ALiBi as TransformerLens computes it) ignore the cache
    or the positions of what it holds.
    """
    return _answer(_EXACT, model, _try_cache)


def patterns_can_be_changed(model: LanguageModel) -> bool:
    """Whether an edit of the attention patterns reaches the logits.

    Some architectures (GPT-J) run their attention as transformers has it, and TransformerLens
    shows a pattern that nothing reads.
    """
    return _answer(_CHANGED, model, _try_pattern)


def _answer(
    known: _Answers, model: LanguageModel, attempt: Callable[[LanguageModel], bool]
) -> bool:
    if model not in known:
        known[model] = attempt(model)
    return known[model]


def _ids(model: LanguageModel) -> Int[Tensor, "1 position"]:
    return torch.arange(min(model.context, TOKENS))[None] % model.d_vocab


def _try_cache(model: LanguageModel) -> bool:
    ids, cache = _ids(model), KeyValueCache()
    whole, first = model.logits(ids), max(1, ids.shape[1] - 3)
    parts = [model.run(ids[:, :first], cache=cache).logits]
    for position in range(first, ids.shape[1]):
        parts.append(model.run(ids[:, position : position + 1], cache=cache).logits)
    off = (torch.cat(parts, dim=1) - whole).abs().max()
    return bool(off <= torch.finfo(model.dtype).eps ** 0.5 * whole.abs().max())


def _try_pattern(model: LanguageModel) -> bool:
    ids, place = _ids(model), (Site.ATTENTION_PATTERN, 0)
    changed = model.run(ids, edits={place: torch.zeros_like}).logits
    return not torch.equal(changed, model.logits(ids))
