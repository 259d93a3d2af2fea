"""Text to tokens and back, with one rule for the first token.

Every prompt starts with a special token, because the features of position 0 are not attributed
and the models were trained that way. It is the tokenizer's beginning-of-sequence token, else its
padding token, else its end-of-sequence token: the first that exists, id 0 included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jinja2 import TemplateError

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
        return self._tokens(text, {self.first_id})

    def _tokens(self, text: str, first_ids: set[int]) -> Tokens:
        encoded = self._encode(text)
        ids = list(encoded["input_ids"])
        spans = self._spans(encoded, len(ids))
        if not ids:
            raise BadInput("prompt", "at least one token", repr(text), "write some text")
        if ids[0] not in first_ids:
            ids = [self.first_id, *ids]
            spans = [None, *spans]
        strings = tuple(self.string(token) for token in ids)
        return Tokens(np.asarray(ids, dtype=np.int64), strings, tuple(spans))

    @property
    def has_chat_template(self) -> bool:
        """Whether the tokenizer says how its model writes chats."""
        return bool(getattr(self._tokenizer, "chat_template", None))

    def chat(self, messages: Sequence[Mapping[str, str]]) -> Tokens:
        """A chat's tokens as the tokenizer's template writes them, special tokens included.

        It ends where the answer begins or, if the last message is the assistant's, where that
        message ends so far. A chat that starts with a special token gets no other one.

        Raises:
            ModelError: the tokenizer has no chat template.
            BadInput: messages that the template refuses.
        """
        if not self.has_chat_template:
            raise ModelError(
                f"{self._where}: tokenizer",
                "a chat template",
                "none, as in models that were not trained on chats",
                "give the prompt as plain text",
            )
        given = [dict(message) for message in messages]
        answering = bool(given) and given[-1].get("role") == "assistant"
        try:
            text = self._tokenizer.apply_chat_template(
                given,
                tokenize=False,
                add_generation_prompt=not answering,
                continue_final_message=answering,
            )
        except (TemplateError, ValueError, KeyError, TypeError) as error:
            expected = "messages that the model's chat template accepts"
            raise BadInput("chat", expected, str(error) or type(error).__name__) from error
        return self._tokens(str(text), set(self._tokenizer.all_special_ids))

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
