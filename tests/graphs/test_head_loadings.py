"""Edges split by head, as plain arrays."""

import numpy as np
import pytest

from atlas.graphs.head_loadings import HeadLoadings


def test_a_row_of_the_table_sums_to_its_edge_and_names_the_strongest_heads():
    heads = np.array([[[0.5, -2.0], [0.25, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    split = HeadLoadings(
        targets=np.array([7, 8]),
        sources=np.array([3, 4]),
        weights=np.array([0.75, 1.5]),
        heads=heads,
        skips=np.array([[0.5, 0.5], [0.0, 0.0]]),
        direct=np.array([1.0, 1.5]),
    )
    first, second = split.table(2)
    assert first == [3, 7, 1.0, 1.0, pytest.approx(0.25), [0, 1, -2.0], [0, 0, 0.5]]
    assert second == [4, 8, 1.5, 0.0, 0.0]
    assert sum(first[2:5]) + sum(part for _, _, part in first[5:]) == pytest.approx(0.75)
    assert split.gap() == pytest.approx([0, 0])
