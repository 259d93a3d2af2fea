"""Whether token ids can be run through a model."""

from __future__ import annotations

from torch import Tensor

from atlas.errors import BadInput


def check_ids(ids: Tensor, past: int, limits: tuple[int, int], name: str) -> None:
    """Refuse ids that are no batch, are too many, or are not in the vocabulary.

    `limits` are the context and the size of the vocabulary, `past` the tokens that went before.

    Raises:
        BadInput: it says what a model of this name takes.
    """
    context, d_vocab = limits
    if ids.ndim != 2 or ids.shape[0] == 0 or ids.shape[1] == 0:
        raise BadInput("token ids", "at least one row and one position", f"{tuple(ids.shape)}")
    if past + ids.shape[1] > context:
        raise BadInput(
            "prompt",
            f"at most {context} tokens, the context of {name}",
            f"{past + ids.shape[1]}",
            "shorten it",
        )
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= d_vocab:
        raise BadInput(
            "token ids",
            f"ids from 0 to {d_vocab - 1}",
            f"{low if low < 0 else high}",
            f"use the tokenizer of {name}",
        )
