"""Which features to trace next, and how much is missed by tracing no more.

The published order (Ameisen et al. 2025, appendix on computing graphs): after every step, rank
the untraced features by their influence in the graph of the rows computed so far.

The unvisited mass is a probability. Scale the absolute weights of every row over features (traced
or not), errors and tokens to sum to 1. A walk starts at a logit, chosen in proportion to the
logits' probabilities, steps from targets to sources with these shares, and ends at a node without
a row:

    unvisited mass = P(the walk ends at a feature without a row) = Σ influence[those] / Σ p[logits]

With all rows computed the same walks go on from there, and no walk passes a node twice. So it is
the share of all paths of influence in the full graph that pass an untraced feature. What a full
trace finds missing is bounded by it: for every token, error and traced feature v

    influence_so_far[v] / Σ p  <=  influence_full[v] / Σ p  <=  influence_so_far[v] / Σ p + mass

and over all tokens and errors together the full trace finds exactly the mass more.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float, Float64
from scipy.sparse import csr_array

from atlas.graphs.influence import shares_of
from atlas.graphs.row_blocks import absolute_block, row_blocks
from atlas.methods.attribution.row_store import SparseRows

SUMMED_EDGES = 1 << 20


def influence_on_sources(
    layers: Iterable[SparseRows],
    logit_weights: Float[np.ndarray, " logit"],
    sources: int,
) -> Float64[np.ndarray, " column"]:
    """The influence of every column, given the rows computed so far, of which `sources` count.

    The rows come layer by layer from the top, those of the logits first.
    """
    arrived: Float64[np.ndarray, " column"] | None = None
    for rows in layers:
        reached = logit_weights if arrived is None else arrived
        passed = reached[rows.members] * shares_of(_sums(rows.weights, sources))
        for part in row_blocks(rows.weights.indptr):
            given = passed[part] @ absolute_block(rows.weights, part)
            arrived = given if arrived is None else arrived + given
    if arrived is None:
        raise ValueError("influence needs the rows of the logits")
    return arrived


def _sums(weights: csr_array, sources: int) -> Float64[np.ndarray, " row"]:
    """The absolute sum of each row over the sources, a few rows at a time."""
    sums = np.zeros(weights.shape[0])
    for part in row_blocks(weights.indptr, most=SUMMED_EDGES):
        sums[part] = absolute_block(weights, part)[:, :sources].sum(axis=1)
    return sums


def fewest_to_reach(share: float, waiting: Float64[np.ndarray, " feature"]) -> int:
    """At least how many rows must be added until no more than `share` waits; 0 if none must.

    A new row takes away no more than what waits at its own feature (it may pass some of that on
    to others that wait), so those that wait most, together, must cover the excess.
    """
    largest = np.sort(waiting[waiting > 0])[::-1]
    left = largest.sum() - np.cumsum(largest)
    if largest.sum() <= share:
        return 0
    return int(np.argmax(left <= share)) + 1 if (left <= share).any() else len(largest)
