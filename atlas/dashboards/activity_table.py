"""Where many features of a layer were active, in columns, and figures of all of them at once.

Nothing here loops over features, so a layer of thousands takes seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Float64, Int, Int64, UInt64

from atlas.dashboards.activity import Activity, lots

HIGH = np.uint64(32)
LOW_BITS = np.uint64(0xFFFFFFFF)
DRAWN = np.uint64(0xFFFFFFFFFFFFFFFF)  # a lot that is out; one place in 2^64 has it by right


@dataclass(frozen=True)
class ActivityTable:
    """Activations above 0, sorted by feature, sequence and position.

    Feature number k of the table is `index[k]` of the layer; its entries are those from `starts[k]`
    to before `starts[k + 1]`.
    """

    index: Int64[np.ndarray, " feature"]  # ascending
    starts: Int64[np.ndarray, " edge"]
    sequence: Int[np.ndarray, " entry"]
    position: Int[np.ndarray, " entry"]
    value: Float32[np.ndarray, " entry"]

    @classmethod
    def sort(
        cls,
        index: Int64[np.ndarray, " feature"],
        feature: Int[np.ndarray, " entry"],
        columns: tuple[
            Int[np.ndarray, " entry"], Int[np.ndarray, " entry"], Float32[np.ndarray, " entry"]
        ],
    ) -> ActivityTable:
        """From entries by sequence and position; `feature` is the number in `index`.

        `columns` are sequence, position and value.
        """
        order = stable_order(feature)
        counts = np.bincount(feature, minlength=len(index))
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        sequence, position, value = (column[order] for column in columns)
        return cls(index, starts, sequence, position, value)

    def __len__(self) -> int:
        """How many features there are, silent ones included."""
        return len(self.index)

    def activity(self, number: int) -> Activity:
        """One feature's part."""
        part = slice(int(self.starts[number]), int(self.starts[number + 1]))
        return Activity(self.sequence[part], self.position[part], self.value[part])

    @cached_property
    def counts(self) -> Int64[np.ndarray, " feature"]:
        """The number of tokens at which each feature is active."""
        found: np.ndarray = np.diff(self.starts)
        return found

    @cached_property
    def owner(self) -> Int64[np.ndarray, " entry"]:
        """The number of each entry's feature."""
        return np.repeat(np.arange(len(self)), self.counts)

    @cached_property
    def maxima(self) -> Float32[np.ndarray, " feature"]:
        """The largest activation of each feature; 0 where it is silent."""
        found = np.zeros(len(self), dtype=np.float32)
        active = self.counts > 0
        if active.any():
            found[active] = np.maximum.reduceat(self.value, self.starts[:-1][active])
        return found

    def histograms(self, bins: int) -> Int64[np.ndarray, "feature bin"]:
        """Counts in equal bins from 0 to each feature's maximum, as `numpy.histogram` has them."""
        highest, value = self.maxima[self.owner].astype(np.float64), self.value.astype(np.float64)
        bin_ = np.minimum((value / highest * bins).astype(np.int64), bins - 1)
        edges = histogram_edges(self.maxima, bins)
        bin_ -= value < edges[self.owner, bin_]
        bin_ += (value >= edges[self.owner, bin_ + 1]) & (bin_ != bins - 1)
        counts = np.bincount(self.owner * bins + bin_, minlength=len(self) * bins)
        found: np.ndarray = counts.reshape(len(self), bins)
        return found

    @cached_property
    def runs(self) -> Int64[np.ndarray, " run"]:
        """The first entry of each run that has one feature and one sequence."""
        new = np.ones(len(self.value), dtype=bool)
        new[1:] = (np.diff(self.owner) != 0) | (np.diff(self.sequence) != 0)
        return np.flatnonzero(new)

    def strongest(self, count: int) -> Int64[np.ndarray, " chosen"]:
        """Each feature's strongest sequences, one entry each, strongest first."""
        if not len(self.value):
            return np.zeros(0, dtype=np.int64)
        lengths = np.diff(np.append(self.runs, len(self.value)))
        highest = np.maximum.reduceat(self.value, self.runs)
        peaks = np.flatnonzero(self.value == np.repeat(highest, lengths))
        run = np.searchsorted(self.runs, peaks, side="right") - 1
        peaks = peaks[np.diff(run, prepend=-1) != 0]
        falling = LOW_BITS - self._bits[peaks]
        order = np.argsort(self._keys(self.owner[peaks]) | falling, kind="stable")
        peaks = peaks[order]
        shown: np.ndarray = peaks[ranks(self.owner[peaks]) < count]
        return shown

    def bands(self, number: int, count: int) -> Bands:
        """Equal quantile bands of each feature's activations, with `count` examples drawn in each.

        The lot is a hash of the place, so the draw depends on nothing but what was seen.
        """
        order = np.argsort(self._keys(self.owner) | self._bits, kind="stable")
        shares = self.counts[:, None] * np.arange(number + 1) / number
        limits = self.starts[:-1, None] + np.rint(shares).astype(np.int64)
        sizes = np.diff(limits, axis=1)
        filled = sizes > 0
        ends = np.zeros((2, *sizes.shape), dtype=np.float32)
        ends[0][filled] = self.value[order[limits[:, :-1][filled]]]
        ends[1][filled] = self.value[order[limits[:, 1:][filled] - 1]]
        groups = np.flatnonzero(filled.ravel())
        drawn, group = self._draw(order, sizes[filled], count)
        return Bands(sizes, ends[0], ends[1], drawn, groups[group] % number)

    def _draw(
        self, order: Int64[np.ndarray, " entry"], sizes: Int64[np.ndarray, " group"], count: int
    ) -> tuple[Int64[np.ndarray, " chosen"], Int64[np.ndarray, " chosen"]]:
        """By lot, up to `count` entries of different sequences of each group, and their group.

        Groups lie one after the other in `order`. Sorted by feature, group and turn.
        """
        first = np.cumsum(sizes) - sizes
        sequence = self.sequence[order]
        lot = lots(sequence, self.position[order])
        found: list[np.ndarray] = [np.zeros((0, 2), dtype=np.int64)]
        for _ in range(count if len(sizes) else 0):
            least = np.minimum.reduceat(lot, first)
            hits = np.flatnonzero((lot == np.repeat(least, sizes)) & (lot != DRAWN))
            group = np.searchsorted(first, hits, side="right") - 1
            found.append(np.stack([order[hits], group], axis=1))
            taken = np.full(len(sizes), -1, dtype=np.int64)
            taken[group] = sequence[hits]
            lot[sequence == np.repeat(taken, sizes)] = DRAWN
        chosen = np.concatenate(found)
        turns = np.argsort(chosen[:, 1], kind="stable")
        return chosen[turns, 0], chosen[turns, 1]

    @cached_property
    def _bits(self) -> UInt64[np.ndarray, " entry"]:
        """Whole numbers in the order of the values, which are above 0."""
        return self.value.view(np.uint32).astype(np.uint64)

    def _keys(self, owner: Int64[np.ndarray, " entry"]) -> UInt64[np.ndarray, " entry"]:
        return owner.astype(np.uint64) << HIGH


@dataclass(frozen=True)
class Bands:
    """Quantile bands of many features, lowest first."""

    counts: Int64[np.ndarray, "feature band"]  # tokens
    lowest: Float32[np.ndarray, "feature band"]  # activation; 0 in an empty band
    highest: Float32[np.ndarray, "feature band"]
    drawn: Int64[np.ndarray, " example"]  # entries, by feature, band and turn
    band: Int64[np.ndarray, " example"]


def histogram_edges(
    maxima: Float32[np.ndarray, " feature"], bins: int
) -> Float64[np.ndarray, "feature edge"]:
    """The edges of the bins from 0 to each maximum."""
    found: np.ndarray = np.linspace(0.0, maxima.astype(np.float64), bins + 1, axis=1)
    return found


def ranks(owner: Int64[np.ndarray, " entry"]) -> Int64[np.ndarray, " entry"]:
    """The place of each entry among those with its owner, which lie together."""
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    sizes = np.diff(np.append(first, len(owner)))
    return np.arange(len(owner)) - np.repeat(first, sizes)


def stable_order(feature: Int[np.ndarray, " entry"]) -> Int64[np.ndarray, " entry"]:
    """The order that sorts by feature and else leaves entries as they are.

    In digits of 16 bits, for which numpy sorts in linear time.
    """
    order = np.argsort((feature & 0xFFFF).astype(np.uint16), kind="stable")
    if len(feature) and int(feature.max()) > 0xFFFF:
        high = (feature >> 16).astype(np.uint16)
        order = order[np.argsort(high[order], kind="stable")]
    return order
