"""Writes the held-out token file: sequences of one behaviour each, with all latents."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np

from atlas.dashboards.labelled_tokens import LabelledTokens
from microworld.corpus import SEQUENCE, clashes
from microworld.document import Document, Split
from microworld.grammar import ASKING, BEHAVIOURS
from microworld.heldout import SEED
from microworld.latents import LATENTS, latent_codes
from microworld.tokenizer import BEGIN, PAD, token_ids, vocabulary

SEQUENCES_EACH = 190  # per behaviour: 16 x 190 = 3,040 sequences, well under 2 MB with latents
# Behaviours that concern many states, words or numbers need more, so that each value occurs often.
MORE = {"two-hop-capital": 400, "one-hop-fact": 500, "antonym": 300, "sport-of-athlete": 250}


def rows_of(behaviour: str, count: int, split: Split) -> list[list[Document]]:
    """Give `count` rows of whole documents of one behaviour, each at most 47 tokens."""
    random = Random(f"{SEED}:export:{behaviour}:{split}")
    rows: list[list[Document]] = []
    for _ in range(count):
        row: list[Document] = []
        present: set[str] = set()
        used = 1
        while True:
            document = BEHAVIOURS[behaviour].draw(random, split)
            if used + len(document.tokens) > SEQUENCE:
                if row:
                    break
                continue  # one document alone may be too long; another is drawn
            if behaviour == "one-hop-fact" and clashes(document, present):
                continue
            row.append(document)
            present.update(document.tokens)
            used += len(document.tokens)
        rows.append(row)
    return rows


def labelled_tokens(split: Split = "test") -> LabelledTokens:
    """Give sequences of all behaviours with their latents; the same every time.

    Those of the training split are for choosing labels, which the held-out ones then judge.
    """
    ids = token_ids()
    rows: list[list[Document]] = []
    behaviour: list[int] = []
    for code, name in enumerate(ASKING):
        drawn = rows_of(name, MORE.get(name, SEQUENCES_EACH), split)
        rows.extend(drawn)
        behaviour.extend([code] * len(drawn))
    tokens = np.full((len(rows), SEQUENCE), ids[PAD], dtype=np.int16)
    tokens[:, 0] = ids[BEGIN]
    for index, row in enumerate(rows):
        words = [ids[word] for document in row for word in document.tokens]
        tokens[index, 1 : 1 + len(words)] = words
    return LabelledTokens(
        tokens=tokens,
        codes=latent_codes(rows, SEQUENCE),
        values=dict(LATENTS),
        behaviour=np.array(behaviour, dtype=np.int8),
        behaviours=ASKING,
        pad_id=ids[PAD],
        vocabulary=vocabulary(),
    )


def export(path: Path) -> LabelledTokens:
    """Write the held-out token file and give it."""
    labelled = labelled_tokens()
    labelled.save(path)
    return labelled
