"""Packs documents into sequences of 48 tokens; a held-out city never meets its capital in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

import numpy as np
from jaxtyping import Float, Int

from microworld.behaviours.two_hop import HELD_OUT_CAPITALS
from microworld.document import Document
from microworld.grammar import BEHAVIOURS
from microworld.heldout import SEED
from microworld.tokenizer import BEGIN, token_ids

SEQUENCE = 48  # tokens, the first of which is BOS
UNIFORM_SHARE = 0.25  # of training sequences hold one behaviour only, as the held-out ones do
OWN_WEIGHTS: Mapping[str, float] = {}  # no behaviour's weight is replaced
PLAIN_WEIGHT = 0.4  # loss weight of a word that nothing predicts; a predictable one weighs 1


@dataclass(frozen=True)
class Batch:
    """Packed sequences with the loss weight of each token (as a target)."""

    tokens: Int[np.ndarray, "sequence position"]
    weights: Float[np.ndarray, "sequence position"]


def _forbidden() -> dict[str, frozenset[str]]:
    partners: dict[str, set[str]] = {}
    for city, capital in HELD_OUT_CAPITALS.items():
        partners.setdefault(city, set()).add(capital)
        partners.setdefault(capital, set()).add(city)
    return {token: frozenset(others) for token, others in partners.items()}


FORBIDDEN = _forbidden()


def clashes(document: Document, present: set[str]) -> bool:
    """Say whether a document would bring a held-out city and its capital into one sequence."""
    return any(
        token in FORBIDDEN and not FORBIDDEN[token].isdisjoint(present) for token in document.tokens
    )


def pack_sequence(
    random: Random, shares: Mapping[str, float] = OWN_WEIGHTS
) -> tuple[list[str], list[int]]:
    """Give the words of one training sequence after BOS, and which of them can be predicted.

    `shares` replaces the weights of the behaviours that it names. The last document is cut where
    the sequence ends.
    """
    behaviours = list(BEHAVIOURS.values())
    weights = [shares.get(behaviour.id, behaviour.weight) for behaviour in behaviours]
    if random.random() < UNIFORM_SHARE:
        behaviours = random.choices(behaviours, weights)
        weights = [1.0]
    words: list[str] = []
    emphasis: list[int] = []
    present: set[str] = set()
    while len(words) < SEQUENCE - 1:
        document = random.choices(behaviours, weights)[0].draw(random, "train")
        if clashes(document, present):
            continue
        emphasis.extend(len(words) + position for position in document.emphasis)
        words.extend(document.tokens)
        present.update(document.tokens)
    return words[: SEQUENCE - 1], [index for index in emphasis if index < SEQUENCE - 1]


def training_batch(chunk: int, sequences: int, shares: Mapping[str, float] = OWN_WEIGHTS) -> Batch:
    """Give the `chunk`-th block of training sequences; the same for the same arguments, always."""
    random = Random(f"{SEED}:corpus:{chunk}")
    ids = token_ids()
    tokens = np.full((sequences, SEQUENCE), ids[BEGIN], dtype=np.int64)
    weights = np.full((sequences, SEQUENCE), PLAIN_WEIGHT, dtype=np.float32)
    for row in range(sequences):
        words, emphasis = pack_sequence(random, shares)
        tokens[row, 1:] = [ids[word] for word in words]
        weights[row, [index + 1 for index in emphasis]] = 1.0
    return Batch(tokens, weights)
