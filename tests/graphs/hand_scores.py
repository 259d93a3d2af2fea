"""An attention score small enough to check by hand."""

from __future__ import annotations

import numpy as np

from atlas.graphs.attention_score import (
    AttentionScore,
    HeadPlace,
    KeyScore,
    PairTable,
    SourcePairs,
)
from tests.graphs.hand_graphs import C, E, F, T, node_table


def small_score(foil=None) -> AttentionScore:
    """Sources with parts of a query and of a key that have two entries each."""
    sources = node_table(
        [
            (F, 0, 1, 7, 2.0, ""),
            (E, 0, 2, 0, 0.0, ""),
            (T, -1, 1, 9, 0.0, ""),
            (C, -1, -1, 1, 0.0, "decoder_bias"),
        ]
    )
    query = np.array([[1.0, 0.5], [0.0, 2.0], [1.0, 0.0], [0.5, 0.5]])
    key = np.array([[2.0, 0.0], [0.0, 0.0], [1.0, 1.0], [-1.0, 0.5]])
    pairs = query @ key.T
    rows, columns = np.array([0, 1]), np.array([0, 2])
    values = np.zeros((3, 3))
    values[:2, :2] = pairs[np.ix_(rows, columns)]
    values[:2, 2] = pairs[rows].sum(axis=1) - values[:2, :2].sum(axis=1)
    values[2, :2] = pairs[:, columns].sum(axis=0) - values[:2, :2].sum(axis=0)
    values[2, 2] = pairs.sum() - values.sum()
    total = float(pairs.sum())
    keys = (KeyScore(1, total if foil is None else total + 1.5, None, 0.4),)
    if foil is not None:
        keys += (KeyScore(foil, 1.5, 1.4, 0.2),)
    return AttentionScore(
        place=HeadPlace(1, 3, 2, 1, foil),
        score=total,
        keys=keys,
        model="m",
        dictionary="d",
        prompt="a b",
        tokens=("<s>", " a", " b"),
        sources=sources,
        query_marginals=pairs.sum(axis=1),
        key_marginals=pairs.sum(axis=0),
        query_rest=0.0,
        key_rest=0.0,
        table=PairTable(rows, columns, values),
        strongest=SourcePairs(
            np.array([0, 2], dtype=np.int64), np.array([0, 0], dtype=np.int64), np.array([2.0, 2.0])
        ),
    )
