"""How many positions at the start of a prompt have no features."""

from __future__ import annotations

import re

ZERO_POSITIONS = 1
"""Positions at the start whose features are not attributed: the first token's residual stream
is far outside of what dictionaries are trained on."""

# A chat with instruction-tuned Gemma 3 always starts with the same four tokens, bos, start of
# turn, "user" and a line break; circuit-tracer leaves out the features of all four.
CHAT_STARTS = ((re.compile(r"(.*/)?gemma-3-\w+-it", re.IGNORECASE), 4),)


def zero_positions_of(model_name: str) -> int:
    """The number for dictionaries of this model."""
    return next(
        (count for pattern, count in CHAT_STARTS if pattern.fullmatch(model_name)), ZERO_POSITIONS
    )
