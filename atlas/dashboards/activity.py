"""Where one feature was active in a token file, and examples of it.

Activity is gathered piece by piece and joined in any order: the result depends only on what was
seen, also where examples are drawn by lot, since the lot is a hash of the place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

from atlas.dashboards.dashboard import Density, Example

DECIMALS = 4  # of activations in dashboards
WILSON_95 = 1.959964
PLACE_BITS = 20  # of a place's number that hold the position in its sequence


@dataclass(frozen=True)
class Activity:
    """The places and values of a feature's activations above 0, ordered by place."""

    sequence: Int[np.ndarray, " entry"]
    position: Int[np.ndarray, " entry"]
    value: Float[np.ndarray, " entry"]

    @classmethod
    def join(cls, parts: Iterable[Activity]) -> Activity:
        """The activity of parts that saw different sequences, in whatever order they come."""
        found = list(parts)
        if not found:
            return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
        sequence, position, value = (
            np.concatenate([getattr(part, name) for part in found])
            for name in ("sequence", "position", "value")
        )
        order = np.lexsort((position, sequence))
        return cls(sequence[order], position[order], value[order])

    def within(self, sequence: int, start: int, stop: int) -> Float[np.ndarray, " position"]:
        """The activation at each position from `start` to before `stop` of one sequence."""
        first, last = np.searchsorted(self._places, _places([sequence] * 2, [start, stop]))
        found = np.zeros(stop - start, dtype=np.float32)
        found[self.position[first:last] - start] = self.value[first:last]
        return found

    @cached_property
    def _places(self) -> Int[np.ndarray, " entry"]:
        return _places(self.sequence, self.position)

    def dense(self, shape: tuple[int, int]) -> Float[np.ndarray, "sequence position"]:
        """The activation at every token of the file."""
        table = np.zeros(shape, dtype=np.float32)
        table[self.sequence, self.position] = self.value
        return table


@dataclass(frozen=True)
class Context:
    """The texts that examples are cut from."""

    tokens: Int[np.ndarray, "sequence position"]
    strings: tuple[str, ...]  # by token id
    lengths: Int[np.ndarray, " sequence"]  # tokens before padding
    before: int = 24  # tokens shown before the one that counts
    after: int = 8

    def example(self, activity: Activity, sequence: int, position: int) -> Example:
        """The stretch around one token."""
        start = max(0, position - self.before)
        stop = min(int(self.lengths[sequence]), position + self.after + 1)
        ids = self.tokens[sequence, start:stop].tolist()
        values = activity.within(sequence, start, stop).tolist()
        return Example(
            sequence=sequence,
            tokens=tuple(self.strings[token] for token in ids),
            activations=tuple(round(value, DECIMALS) if value else 0.0 for value in values),
            peak=position - start,
        )


def density(active: int, tokens: int) -> Density:
    """The count with Wilson's 95 % interval, which is right for rare features too."""
    if not tokens:
        return Density(0.0, 0, 0, 0.0, 1.0)
    share, z = active / tokens, WILSON_95
    centre = (share + z * z / (2 * tokens)) / (1 + z * z / tokens)
    spread = (
        z
        / (1 + z * z / tokens)
        * math.sqrt(share * (1 - share) / tokens + z * z / (4 * tokens * tokens))
    )
    return Density(share, active, tokens, max(0.0, centre - spread), min(1.0, centre + spread))


def percentiles(activity: Activity) -> tuple[float, ...]:
    """The 1st to the 100th percentile of the activations above 0; empty where there are none."""
    if not len(activity.value):
        return ()
    shares = np.arange(1, 101) / 100
    return tuple(float(value) for value in np.quantile(activity.value, shares))


def examples_where(
    mask: Bool[np.ndarray, "sequence position"], activity: Activity, context: Context, count: int
) -> tuple[Example, ...]:
    """Examples at tokens where a mask is true, by lot, one per sequence."""
    sequence, position = np.nonzero(mask)
    order = np.argsort(lots(sequence, position), kind="stable")
    places = zip(sequence[order], position[order], strict=True)
    return _examples(activity, context, places, count)


def _examples(
    activity: Activity, context: Context, places: Iterable[tuple[int, int]], count: int
) -> tuple[Example, ...]:
    """The first places of an order, one per sequence."""
    chosen: dict[int, int] = {}
    for sequence, position in places:
        if len(chosen) == count:
            break
        chosen.setdefault(int(sequence), int(position))
    return tuple(context.example(activity, *place) for place in chosen.items())


def lots(
    sequence: Int[np.ndarray, " entry"], position: Int[np.ndarray, " entry"]
) -> UInt64[np.ndarray, " entry"]:
    """A pseudo-random number per place (SplitMix64), the same on every machine."""
    found: np.ndarray = _places(sequence, position).astype(np.uint64)
    found = found + np.uint64(0x9E3779B97F4A7C15)
    found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = found ^ (found >> np.uint64(31))
    return mixed


def _places(
    sequence: Sequence[int] | Int[np.ndarray, " entry"],
    position: Sequence[int] | Int[np.ndarray, " entry"],
) -> Int[np.ndarray, " entry"]:
    """One number per place, which orders places by sequence, then position."""
    return (np.asarray(sequence, dtype=np.int64) << PLACE_BITS) + np.asarray(position, np.int64)
