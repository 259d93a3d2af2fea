"""Where features say yes, on both halves of a text, at each of a few thresholds.

A feature's thresholds are quantiles of its activations on the half that labels are chosen on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float32, Int64
from scipy.sparse import csr_array

from atlas.dashboards.activity_table import ActivityTable
from atlas.methods.labelling.joint_counts import JointCounts
from atlas.methods.labelling.token_classes import TokenClasses


@dataclass(frozen=True)
class Firing:
    """One half of a text: how often features say yes, and at tokens of which classes."""

    said: Int64[np.ndarray, "feature threshold"]
    joint: JointCounts
    sizes: Int64[np.ndarray, " class"]
    tokens: int


@dataclass(frozen=True)
class Levels:
    """The thresholds of features, lowest first, and the highest that each activation reaches."""

    thresholds: Float32[np.ndarray, "feature threshold"]
    reached: Int64[np.ndarray, " entry"]
    word: Int64[np.ndarray, " entry"]  # the number of the token
    table: ActivityTable

    @classmethod
    def of(cls, table: ActivityTable, classes: TokenClasses, count: int) -> Levels:
        """`count` thresholds: 0, and the quantiles that part the activations into equal bands."""
        word = classes.number[table.sequence, table.position]
        kept = classes.chosen_words[word]
        owner, value = table.owner[kept], table.value[kept]
        order = np.lexsort((value, owner))
        many = np.bincount(owner, minlength=len(table))
        first = np.cumsum(many) - many
        place = first[:, None] + many[:, None] * np.arange(count) // count
        thresholds = np.zeros((len(table), count), dtype=np.float32)
        some = many > 0
        thresholds[some] = value[order][place[some]]
        thresholds[:, 0] = 0
        reached = np.zeros(len(table.value), dtype=np.int64)
        for level in range(1, count):
            reached += table.value >= np.repeat(thresholds[:, level], table.counts)
        return cls(thresholds, reached, word, table)

    def firing(self, classes: TokenClasses, half: Bool[np.ndarray, " token"]) -> Firing:
        """What happens on a half."""
        kept = half[self.word]
        owner, level, word = self.table.owner[kept], self.reached[kept], self.word[kept]
        features, count = self.thresholds.shape
        row = owner * count + level
        said = np.bincount(row, minlength=features * count).reshape(features, count)
        ones = np.ones(len(row), dtype=np.int32)
        active = csr_array((ones, (row, word)), shape=(features * count, len(half)))
        joint = (active @ classes.members).tocoo()
        many = classes.members.shape[1]
        keys, place = np.unique(joint.row // count * many + joint.col, return_inverse=True)
        counts = np.zeros((len(keys), count), dtype=np.int64)
        counts[place, joint.row % count] = joint.data
        pairs = JointCounts(keys.astype(np.int64), _at_least(counts), many)
        return Firing(_at_least(said), pairs, classes.sizes(half), int(half.sum()))

    @cached_property
    def shares(self) -> Float32[np.ndarray, "feature threshold"]:
        """The share of a feature's activations that reach each threshold, over the whole text."""
        features, count = self.thresholds.shape
        many = np.bincount(self.table.owner * count + self.reached, minlength=features * count)
        reaching = _at_least(many.reshape(features, count))
        found: np.ndarray = reaching / np.maximum(reaching[:, :1], 1)
        return found.astype(np.float32)

    def of_feature(self, feature: int) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the tokens of one feature, and the thresholds that it reaches there."""
        part = slice(int(self.table.starts[feature]), int(self.table.starts[feature + 1]))
        return self.word[part], self.reached[part]


def _at_least(counts: Int64[np.ndarray, "row level"]) -> Int64[np.ndarray, "row level"]:
    """Counts at each level or a higher one."""
    found: np.ndarray = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]
    return np.ascontiguousarray(found)
