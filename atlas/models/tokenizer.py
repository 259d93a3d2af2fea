"""Text to tokens and back, with one rule for the first token.

Every prompt starts with a special token, because the features of position 0 are not attributed
and the models were trained that way. It is the tokenizer's beginning-of-sequence token, else its
padding token, else its end-of-sequence token: the first that exists, id 0 included.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from atlas.errors import BadInput, ModelError
from atlas.models.tokens import Tokens


class Tokenizer:
    """A Hugging Face tokenizer behind the few questions that the atlas asks. Final."""

    def __init__(self, tokenizer: Any, where: str) -> None:
        self._tokenizer = tokenizer
        self._where = where
        self.first_id = self._choose_first_id()

    def tokenize(self, text: str) -> Tokens:
        """The prompt's tokens, starting with the first-token rule's token.

        A text that already begins with that token gets no second one.

        Raises:
            BadInput: the text has no token.
        """
        encoded = self._encode(text)
        ids = list(encoded["input_ids"])
        spans = self._spans(encoded, len(ids))
        if not ids:
            raise BadInput("prompt", "at least one token", repr(text), "write some text")
        if ids[0] != self.first_id:
            ids = [self.first_id, *ids]
            spans = [None, *spans]
        strings = tuple(self.string(token) for token in ids)
        return Tokens(np.asarray(ids, dtype=np.int64), strings, tuple(spans))

    def string(self, token: int) -> str:
        """One token as text."""
        return str(self._tokenizer.decode([int(token)]))

    def token_id(self, string: str) -> int:
        """The id of a string that is one token.

        Raises:
            ModelError: the string is no token, several tokens or unknown.
        """
        vocabulary = self._tokenizer.get_vocab()
        if string in vocabulary:
            return int(vocabulary[string])
        ids = list(self._encode(string)["input_ids"])
        unknown = self._tokenizer.unk_token_id
        if len(ids) != 1 or (unknown is not None and ids[0] == unknown):
            pieces = [self.string(token) for token in ids]
            raise ModelError(
                f"{self._where}: token {string!r}",
                "one token of the vocabulary",
                f"{len(ids)} tokens {pieces}" if len(ids) != 1 else "an unknown word",
                "choose a word that the tokenizer knows, with its leading space if it has one",
            )
        return int(ids[0])

    def decode(self, ids: list[int]) -> str:
        """The text of several tokens."""
        return str(self._tokenizer.decode([int(token) for token in ids]))

    def _encode(self, text: str) -> Any:
        return self._tokenizer(
            text,
            add_special_tokens=False,
            return_offsets_mapping=bool(self._tokenizer.is_fast),
            return_attention_mask=False,
        )

    def _spans(self, encoded: Any, count: int) -> list[tuple[int, int] | None]:
        """Character offsets; a tokenizer without them (a slow one) gives None throughout."""
        if "offset_mapping" not in encoded:
            return [None] * count
        return [(int(start), int(end)) for start, end in encoded["offset_mapping"]]

    def _choose_first_id(self) -> int:
        for name in ("bos_token_id", "pad_token_id", "eos_token_id"):
            token = getattr(self._tokenizer, name, None)
            if token is not None:
                return int(token)
        raise ModelError(
            f"{self._where}: tokenizer",
            "a beginning-of-sequence, padding or end-of-sequence token",
            "none of the three",
            "set bos_token in tokenizer_config.json",
        )
