"""A prompt, as text or as token ids, to its local replacement model."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Int64

from atlas.errors import ModelError
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel
from atlas.models.replacement import FrozenPass, check_length, freeze

Prompt = str | Int64[np.ndarray, " position"]
"""Text without its first special token, or token ids with it."""


def freeze_prompt(model: LanguageModel, dictionary: Dictionary, prompt: Prompt) -> FrozenPass:
    """The local replacement model of a prompt, in a precision in which sums can be checked.

    Raises:
        BadInput: an empty prompt, one longer than the context, ids outside the vocabulary.
        ModelError: weights in half precision; a dictionary that does not replace this model's MLPs.
    """
    if model.dtype not in (torch.float32, torch.float64):
        raise ModelError(
            model.name, "float32 weights, in which rows add up", str(model.dtype), "reload it"
        )
    ids = model.tokenize(prompt).ids if isinstance(prompt, str) else np.asarray(prompt)
    check_length(model, len(ids))
    return freeze(model, dictionary, torch.from_numpy(ids))


def prompt_text(frozen: FrozenPass, prompt: Prompt) -> str:
    """The prompt as text, decoded where it was given as ids."""
    if isinstance(prompt, str):
        return prompt
    return frozen.model.tokenizer.decode(frozen.ids.tolist())
