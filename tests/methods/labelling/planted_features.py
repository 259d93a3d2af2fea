"""A text and features whose meaning is known, for tests of automatic labels."""

from __future__ import annotations

import numpy as np

from atlas.dashboards.activity_table import ActivityTable
from atlas.dashboards.labelled_tokens import LabelledTokens

ROWS, LENGTH, VOCABULARY = 120, 16, 30
STRINGS = (*(f"\u2581w{number}" for number in range(VOCABULARY - 1)), ".")


def planted_text() -> LabelledTokens:
    """Random tokens; a latent that is `hot` or `cold` on two thirds of them; two kinds of text."""
    generator = np.random.default_rng(3)
    tokens = generator.integers(1, VOCABULARY, (ROWS, LENGTH))
    tokens[:, 0] = 0
    return LabelledTokens(
        tokens=tokens,
        codes={"warm_th": generator.integers(-1, 2, (ROWS, LENGTH))},
        values={"warm_th": ("hot", "cold")},
        behaviour=(np.arange(ROWS) % 2).astype(np.int8),
        behaviours=("sums", "facts_"),
    )


def planted_activity(masks: list[np.ndarray], strength: np.ndarray | None = None) -> ActivityTable:
    """One feature per mask, active where it holds but not at position 0; strengths by lot."""
    generator = np.random.default_rng(4)
    found = []
    for number, mask in enumerate(masks):
        row, position = np.nonzero(mask & (np.arange(LENGTH) > 0))
        value = generator.random(len(row)).astype(np.float32) + 1
        if strength is not None:
            value = strength[row, position].astype(np.float32)
        found.append((np.full(len(row), number), row, position, value))
    feature, row, position, value = (np.concatenate(each) for each in zip(*found, strict=True))
    return ActivityTable.sort(np.arange(len(masks)), feature, (row, position, value))
