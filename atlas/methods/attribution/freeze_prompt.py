"""A prompt, as text or as token ids, to its local replacement model."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Int64

from atlas.errors import BadInput, ModelError
from atlas.models.dictionaries import Dictionary, MlpDictionary
from atlas.models.language_model import LanguageModel
from atlas.models.replacement import FrozenPass, check_length, freeze
from atlas.models.zero_positions import ZERO_POSITIONS

Prompt = str | Int64[np.ndarray, " _position"]  # several prompts have several lengths
"""Text without its first special token, or token ids with it."""


def freeze_prompt(model: LanguageModel, dictionary: Dictionary, prompt: Prompt) -> FrozenPass:
    """The local replacement model of a prompt, in a precision in which sums can be checked.

    Raises:
        BadInput: an empty prompt, one longer than the context, ids outside the vocabulary; one
            that is no chat, for a dictionary of chats.
        ModelError: weights in half precision; a dictionary that does not replace this model's MLPs.
    """
    ids = checked_ids(model, prompt)
    if isinstance(dictionary, MlpDictionary):
        _check_start(model, dictionary, ids)
    return freeze(model, dictionary, torch.from_numpy(ids))


def checked_ids(model: LanguageModel, prompt: Prompt) -> Int64[np.ndarray, " position"]:
    """The prompt's token ids; errors as `freeze_prompt`."""
    if model.dtype not in (torch.float32, torch.float64):
        raise ModelError(
            model.name, "float32 weights, in which rows add up", str(model.dtype), "reload it"
        )
    ids = model.tokenize(prompt).ids if isinstance(prompt, str) else np.asarray(prompt)
    check_length(model, len(ids))
    return ids


def _check_start(
    model: LanguageModel, dictionary: MlpDictionary, ids: Int64[np.ndarray, " position"]
) -> None:
    """Refuse a prompt whose words would lose their features where those of a chat's start do.

    Several positions without features are the start of every chat; other prompts do not have it.
    """
    count = dictionary.zero_positions
    if count == ZERO_POSITIONS or not model.tokenizer.has_chat_template:
        return
    start = model.tokenizer.chat([{"role": "user", "content": "?"}]).ids[:count]
    if not np.array_equal(ids[:count], start):
        raise BadInput(
            "prompt",
            f"the first {count} tokens of a chat, which have no features in {dictionary.name}",
            f"{[model.token_string(int(token)) for token in ids[:count]]}",
            "trace it as a chat",
        )


def prompt_text(model: LanguageModel, prompt: Prompt) -> str:
    """The prompt as text, decoded where it was given as ids."""
    return prompt if isinstance(prompt, str) else model.tokenizer.decode(prompt.tolist())
