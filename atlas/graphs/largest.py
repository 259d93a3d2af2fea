"""The few largest of many amounts that hold a share of their sum, found without a sort of all."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

# A float32's upper half orders non-negative numbers: 65,536 buckets instead of a sort.
BUCKET_SHIFT = 16
# By this share equal influence, as along a chain of single inputs, may differ from summing alone.
ROUNDING = 1e-9


def largest(amounts: Float[np.ndarray, " amount"], share: float) -> Bool[np.ndarray, " amount"]:
    """Which amounts are the largest ones that hold `share` of the total; equal ones all or none."""
    enough: np.ndarray = amounts >= cumulative_threshold(amounts, share) * (1 - ROUNDING)
    return enough


def cumulative_threshold(amounts: Float[np.ndarray, " amount"], share: float) -> float:
    """The amount at which the sum of the larger ones first reaches `share` of the total.

    Keeping all that is at least as large therefore keeps at least this share. Instead of a full
    sort, amounts are summed into buckets by size and only the bucket that crosses is sorted.
    Where every amount is 0 none counts: the result is infinite.
    """
    if not len(amounts) or not amounts.any():
        return float("inf")
    bucket = amounts.astype(np.float32).view(np.uint32) >> BUCKET_SHIFT
    sums = np.bincount(bucket, amounts)[::-1]
    reached = np.cumsum(sums)
    goal = share * reached[-1]
    place = min(int(np.searchsorted(reached, goal)), len(sums) - 1)
    crossing = np.sort(amounts[bucket == len(sums) - 1 - place])[::-1]
    within = reached[place] - sums[place] + np.cumsum(crossing, dtype=np.float64)
    last = min(int(np.searchsorted(within, goal)), len(crossing) - 1)
    return float(crossing[last])
