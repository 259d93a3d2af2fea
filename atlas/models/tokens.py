"""A tokenised prompt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64


@dataclass(frozen=True)
class Tokens:
    """Token ids of one prompt, the beginning-of-sequence token first.

    `strings` are the tokens as the tokenizer writes them in running text. `spans` are the tokens'
    (start, end) character offsets in the prompt, None for tokens that the prompt does not contain.
    """

    ids: Int64[np.ndarray, " position"]
    strings: tuple[str, ...]
    spans: tuple[tuple[int, int] | None, ...]

    def __len__(self) -> int:
        """The number of tokens."""
        return len(self.strings)
