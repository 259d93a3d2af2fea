"""Counts of tokens that two things share, looked up for many pairs at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64


@dataclass(frozen=True)
class JointCounts:
    """Tokens at which a feature says yes, or that are in a class, and that are in another class."""

    keys: Int64[np.ndarray, " pair"]  # feature (or class) * classes + class, rising
    counts: Int64[np.ndarray, "pair threshold"]
    classes: int

    def at(
        self,
        feature: Int64[np.ndarray, "*shape"],
        class_: Int64[np.ndarray, "*shape"],
        threshold: Int64[np.ndarray, "*shape"],
    ) -> Int64[np.ndarray, "*shape"]:
        """Counts of any pairs; 0 for a class below 0."""
        key = feature * self.classes + class_
        place = np.minimum(np.searchsorted(self.keys, key), max(len(self.keys) - 1, 0))
        if not len(self.keys):
            return np.zeros_like(key)
        known = (self.keys[place] == key) & (class_ >= 0)
        return np.where(known, self.counts[place, threshold], 0)
