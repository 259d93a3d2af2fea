"""Features of a layer that are active at the same tokens: exact counts of joint activity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Int64
from scipy.sparse import csr_array

NONE = -1  # where there are fewer others than columns


@dataclass(frozen=True)
class Piece:
    """Which features of a layer are active at some tokens, sorted by token."""

    token: Int64[np.ndarray, " entry"]  # a number per token, rising
    feature: Int64[np.ndarray, " entry"]


@dataclass(frozen=True)
class Together:
    """For each of some features the others that fire with it most, most first."""

    index: Int64[np.ndarray, "feature other"]  # NONE where there are no more
    both: Int64[np.ndarray, "feature other"]  # tokens at which the two are active


@dataclass(frozen=True)
class TogetherSettings:
    """Which pairs are said to fire together."""

    others: int = 10  # of each feature
    # |A and B| / |A or B|: below this two features are not said to fire together. It also keeps
    # the list of candidates short.
    least_overlap: float = 0.05
    least_both: int = 3  # tokens; fewer are chance for rare features


def firing_together(
    features: Int[np.ndarray, " feature"],
    counts: Int64[np.ndarray, " layer_feature"],
    pieces: Iterable[Piece],
    settings: TogetherSettings,
) -> Together:
    """For each of `features` the others of its layer with the largest overlap.

    The overlap of A and B is the number of tokens at which both are active, divided by the number
    at which one is (Jaccard). `counts` are the tokens at which each feature of the layer is active.
    """
    size = len(counts)
    joint = csr_array((len(features), size), dtype=np.int32)
    for piece in pieces:
        active = _active(piece, size)
        joint = joint + active[:, features].T.tocsr() @ active
    row = np.repeat(np.arange(len(features)), np.diff(joint.indptr))
    other, both = joint.indices.astype(np.int64), joint.data.astype(np.int64)
    overlap = both / (counts[features][row] + counts[other] - both)
    kept = (overlap >= settings.least_overlap) & (both >= settings.least_both)
    kept &= features[row] != other
    row, other, both, overlap = row[kept], other[kept], both[kept], overlap[kept]
    order = np.lexsort((other, -overlap, row))
    return _columns(row[order], (other[order], both[order]), (len(features), settings.others))


def _active(piece: Piece, size: int) -> csr_array:
    """Tokens by features, 1 where active."""
    first = np.flatnonzero(np.diff(piece.token, prepend=-1))
    edges = np.append(first, len(piece.token))
    ones = np.ones(len(piece.token), dtype=np.int32)
    return csr_array((ones, piece.feature.astype(np.int32), edges), shape=(len(first), size))


def _columns(
    row: Int64[np.ndarray, " pair"],
    columns: tuple[Int64[np.ndarray, " pair"], Int64[np.ndarray, " pair"]],
    shape: tuple[int, int],
) -> Together:
    first = np.searchsorted(row, np.arange(shape[0]))
    rank = np.arange(len(row)) - first[row]
    shown = rank < shape[1]
    index, both = np.full(shape, NONE, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    index[row[shown], rank[shown]] = columns[0][shown]
    both[row[shown], rank[shown]] = columns[1][shown]
    return Together(index, both)
