"""The largest amounts that hold a share are those that a full sort finds; ties all or none."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas.graphs.largest import cumulative_threshold, largest


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=200), st.floats(0, 0.999))
def test_the_threshold_without_sorting_equals_the_sorted_one(values, share):
    amounts = np.array(values)
    ordered = np.sort(amounts)[::-1]
    found = cumulative_threshold(amounts, share)
    if not amounts.any():
        assert found == np.inf
        return
    # Sums in another order may round to the other side of the goal: one neighbour is allowed.
    place = int(np.searchsorted(np.cumsum(ordered), share * amounts.sum()))
    near = ordered[max(place - 1, 0) : place + 2]
    assert found in near


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=300), st.integers(1, 97))
def test_the_kept_set_is_that_of_the_sorting_definition(values, parts):
    # Whole numbers add up without rounding, so the two must agree exactly, ties included.
    share = parts / 97.5
    ordered = np.sort(values)[::-1]
    held = np.cumsum(ordered)
    smallest = ordered[np.searchsorted(held, share * held[-1])]
    expected = (np.array(values) >= smallest) & (held[-1] > 0)
    np.testing.assert_array_equal(largest(np.array(values, float), share), expected)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=200), st.floats(0.01, 0.999))
def test_equal_amounts_are_kept_all_or_none_and_the_kept_ones_hold_the_share(values, share):
    amounts = np.array(values, np.float32)
    kept = set(amounts[largest(amounts, share)].tolist())
    lost = set(amounts[~largest(amounts, share)].tolist())
    assert not kept & lost
    assert max(lost, default=-1) < min(kept, default=np.inf)
    held = amounts[largest(amounts, share)].astype(float).sum()
    assert held >= share * amounts.astype(float).sum() * (1 - 1e-9)
