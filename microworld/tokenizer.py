"""The word-level tokenizer: one token per word, and one for each name of several words."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from microworld.grammar import BEHAVIOURS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, UNKNOWN, BEGIN, END = "<pad>", "<unk>", "<bos>", "<eos>"
SPECIAL = (PAD, UNKNOWN, BEGIN, END)


@functools.cache
def vocabulary() -> tuple[str, ...]:
    """Give all tokens in the order of their ids: the special ones, then all words sorted."""
    words = frozenset().union(*(behaviour.words for behaviour in BEHAVIOURS.values()))
    return SPECIAL + tuple(sorted(words))


@functools.cache
def token_ids() -> dict[str, int]:
    """Give the id of each token."""
    return {token: index for index, token in enumerate(vocabulary())}


def _pattern() -> str:
    """Give the expression that finds tokens: long names, numbers by two digits, words, signs."""
    names = sorted((word for word in vocabulary() if " " in word), key=len, reverse=True)
    joined = "|".join(re.escape(name).replace("\\ ", " ") for name in names)
    return rf"(?:{joined})(?!\w)|\d\d?|[^\W\d]+(?:'[^\W\d]+)?|[^\w\s]"


@functools.cache
def build_tokenizer() -> PreTrainedTokenizerFast:
    """Give the Hugging Face fast tokenizer; it writes BOS first, as Llama's does."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel(token_ids(), unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(
        Regex(_pattern()), behavior="removed", invert=True
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A", special_tokens=[(BEGIN, token_ids()[BEGIN])]
    )
    # Words are joined by spaces, signs stand where people put them, and years stay together.
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace(Regex("^"), " "),
            decoders.Fuse(),
            decoders.Replace(Regex(r" (?=[.,;:?!)\]}’”»])"), ""),
            decoders.Replace(Regex(r"(?<=[(\[{‘“«]) "), ""),
            decoders.Replace(Regex(r"(?<=\d\d) (?=\d\d)"), ""),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BEGIN,
        eos_token=END,
        unk_token=UNKNOWN,
        pad_token=PAD,
        model_max_length=64,
        clean_up_tokenization_spaces=False,
    )


def save_tokenizer(folder: Path) -> None:
    """Write the tokenizer's files into `folder`."""
    build_tokenizer().save_pretrained(folder)
    # The name that older releases of transformers know too.
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
