"""A made-up attribution graph of any size, the same for both sides. Only numpy.

Features are spread evenly over layers and positions; every feature and logit has an edge from all
that stands in lower layers at the same or earlier positions, about a fifth of all entries. Weights
are heavy-tailed, so that few nodes hold most of the influence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Layered:
    """The size of a graph; nodes are ordered as features, errors, tokens, logits."""

    features: int
    layers: int = 12
    positions: int = 48
    logits: int = 10
    seed: int = 0

    @property
    def sources(self) -> int:
        """Features, errors and tokens."""
        return self.features + (self.layers + 1) * self.positions

    @property
    def probabilities(self) -> np.ndarray:
        """Of the logits."""
        weights = 0.7 ** np.arange(self.logits)
        return (0.96 * weights / weights.sum()).astype(np.float32)


def places(wanted: Layered) -> tuple[np.ndarray, np.ndarray]:
    """Layer (−1 for tokens) and position of every source."""
    spread = np.arange(wanted.features) * wanted.layers * wanted.positions // wanted.features
    error = np.arange(wanted.layers * wanted.positions)
    layer = np.concatenate(
        [spread // wanted.positions, error // wanted.positions, np.full(wanted.positions, -1)]
    )
    every = np.arange(wanted.positions)
    position = np.concatenate([spread % wanted.positions, error % wanted.positions, every])
    return layer, position


def rows(wanted: Layered) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each feature, then each logit, its sources and their weights."""
    drawn = np.random.default_rng(wanted.seed)
    layer, position = places(wanted)
    strength = np.exp(1.5 * drawn.standard_normal(wanted.sources))  # some sources matter more
    for row in range(wanted.features + wanted.logits):
        is_logit = row >= wanted.features
        reach = (wanted.layers, wanted.positions) if is_logit else (layer[row], position[row])
        sources = np.flatnonzero((layer < reach[0]) & (position <= reach[1]))
        noise = drawn.standard_normal(len(sources))
        yield sources, (noise**3 * strength[sources]).astype(np.float32)
