"""Accuracy per behaviour on held-out documents: is the top token an accepted answer?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from jaxtyping import Int

from microworld.document import Document, Split
from microworld.grammar import ASKING, BEHAVIOURS
from microworld.heldout import SEED
from microworld.tokenizer import BEGIN, token_ids, vocabulary

# Gives logits [batch, position, d_vocab] of token ids [batch, position].
LogitsOf = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Accuracy:
    """How often the model's top token was right, on `n` documents of one behaviour."""

    behaviour: str
    accuracy: float
    n: int


def documents(behaviour: str, split: Split, count: int) -> list[Document]:
    """Draw up to `count` documents with distinct texts before the answer, seeded."""
    random = Random(f"{SEED}:evaluate:{behaviour}:{split}")
    found: dict[tuple[str, ...], Document] = {}
    for _ in range(20 * count):
        document = BEHAVIOURS[behaviour].draw(random, split)
        if document.answer is not None:
            found.setdefault(document.tokens[: document.answer.position], document)
        if len(found) >= count:
            break
    return list(found.values())


def prompt_ids(document: Document) -> list[int]:
    """Give BOS and the tokens before the answer."""
    if document.answer is None:
        raise ValueError(
            f"a document of {document.behaviour} asks for nothing, so it has no prompt"
        )
    ids = token_ids()
    return [ids[BEGIN], *(ids[word] for word in document.tokens[: document.answer.position])]


@torch.no_grad()
def predict(
    logits_of: LogitsOf, prompts: Sequence[Sequence[int]], batch: int = 256
) -> Int[np.ndarray, " prompt"]:
    """Give the top next token for each prompt (token ids with BOS)."""
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    top = np.zeros(len(prompts), dtype=np.int64)
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        longest = max(len(prompts[row]) for row in rows)
        padded = torch.zeros((len(rows), longest), dtype=torch.long)
        last = torch.tensor([len(prompts[row]) - 1 for row in rows])
        for index, row in enumerate(rows):
            padded[index, : len(prompts[row])] = torch.tensor(prompts[row])
        logits = logits_of(padded)  # causal, so padding on the right changes nothing
        top[rows] = logits[torch.arange(len(rows)), last].argmax(-1).numpy()
    return top


def accuracy(logits_of: LogitsOf, behaviour: str, split: Split, count: int) -> Accuracy:
    """Measure one behaviour on `count` documents."""
    drawn = documents(behaviour, split, count)
    words = vocabulary()
    top = predict(logits_of, [prompt_ids(document) for document in drawn])
    right = [
        document.answer is not None and words[token] in document.answer.accepted
        for document, token in zip(drawn, top, strict=True)
    ]
    return Accuracy(behaviour, float(np.mean(right)), len(right))


def accuracies(logits_of: LogitsOf, count: int, split: Split = "test") -> dict[str, Accuracy]:
    """Measure every behaviour that asks for an answer."""
    return {behaviour: accuracy(logits_of, behaviour, split, count) for behaviour in ASKING}
