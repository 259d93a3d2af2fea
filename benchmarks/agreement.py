"""How far the two sides' graphs of one prompt lie apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Agreement:
    """What two graphs have in common, and how their weights and scores differ."""

    same_features: bool  # the same features selected
    same_logits: bool
    difference: float  # the largest of a weight, relative to its row's largest weight
    score_difference: float  # of the replacement and the completeness score, the larger one
    features: int


def compare(peer: Path, ours: Path) -> Agreement:
    """The agreement of two graphs as the measured jobs write them."""
    with np.load(peer) as theirs, np.load(ours) as mine:
        selected = theirs["active"][theirs["selected"]]
        same_features = np.array_equal(selected, mine["selected"])
        same_logits = np.array_equal(np.sort(theirs["logits"]), np.sort(mine["logits"]))
        difference = np.inf
        if same_features and same_logits:
            their_rows = _logits_in_order(theirs["rows"], theirs["logits"])
            difference = relative(their_rows, _logits_in_order(mine["rows"], mine["logits"]))
        score_difference = np.abs(theirs["scores"] - mine["scores"]).max()
    return Agreement(
        same_features, same_logits, float(difference), float(score_difference), len(selected)
    )


def relative(
    expected: Float[np.ndarray, "row column"], found: Float[np.ndarray, "row column"]
) -> float:
    """The largest difference of an entry, relative to the largest entry of its row."""
    largest = np.abs(expected).max(axis=1)
    gap = np.abs(expected - found).max(axis=1)
    return float((gap / np.maximum(largest, np.finfo(np.float32).tiny)).max())


def _logits_in_order(
    rows: Float[np.ndarray, "row column"], logits: np.ndarray
) -> Float[np.ndarray, "row column"]:
    """The rows with those of the logits, which are last, in the order of their tokens."""
    order = np.arange(len(rows))
    order[len(rows) - len(logits) :] = len(rows) - len(logits) + np.argsort(logits, kind="stable")
    return rows[order]
