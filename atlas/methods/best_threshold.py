"""The feature and the threshold on its activation that best tell each value of a latent, exactly.

F1 = 2·TP / (TP + FP + positives). Lowering a threshold past a token without the value only adds a
false positive, so the best threshold is always the activation at some token with the value. That
leaves one candidate per active entry, whatever the number of values: a few sorts find all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from atlas.dashboards.labelled_tokens import UNDEFINED


@dataclass(frozen=True)
class Entries:
    """Active features as columns: which feature (column), where, and how strongly.

    Ordered by column, then by falling value, which `ordered` sees to once for all questions.
    """

    column: Int[np.ndarray, " entry"]
    row: Int[np.ndarray, " entry"]
    position: Int[np.ndarray, " entry"]
    value: Float[np.ndarray, " entry"]

    @classmethod
    def ordered(
        cls,
        column: Int[np.ndarray, " entry"],
        place: tuple[Int[np.ndarray, " entry"], Int[np.ndarray, " entry"]],
        value: Float[np.ndarray, " entry"],
    ) -> Entries:
        """Entries in any order, put in order; ``place`` is (row, position)."""
        order = np.lexsort((-value, column))
        return cls(column[order], place[0][order], place[1][order], value[order])

    def among(self, mask: Bool[np.ndarray, "sequence position"]) -> Entries:
        """Those at tokens where the mask is true."""
        kept = mask[self.row, self.position]
        return Entries(self.column[kept], self.row[kept], self.position[kept], self.value[kept])


@dataclass(frozen=True)
class Cut:
    """A feature and the least activation at which it says yes."""

    column: int
    threshold: float
    f1: float


def best_cuts(
    entries: Entries,
    codes: Int[np.ndarray, "sequence position"],
    positives: Int[np.ndarray, " code"],
) -> list[Cut | None]:
    """For each code, the cut of the highest F1 over all columns; None where none is ever right.

    Tokens where the code is undefined do not count. Equal F1: the lowest column, then the highest
    threshold.
    """
    code = codes[entries.row, entries.position]
    judged = np.flatnonzero(code != UNDEFINED)
    code, column, value = code[judged], entries.column[judged], entries.value[judged]
    said = _rank_with_ties(column, value)
    # A stable sort keeps columns and falling values in order within each code.
    by_code = np.argsort(code, kind="stable")
    code, column, value, said = code[by_code], column[by_code], value[by_code], said[by_code]
    right = _rank_with_ties(code.astype(np.int64) * (column.max(initial=0) + 1) + column, value)
    f1 = 2 * right / (said + positives[code])
    return _best_per_code(Columns(code, column, value, f1), len(positives))


@dataclass(frozen=True)
class Columns:
    """Candidates sorted by code, then column, then falling activation."""

    code: Int[np.ndarray, " entry"]
    column: Int[np.ndarray, " entry"]
    value: Float[np.ndarray, " entry"]
    f1: Float[np.ndarray, " entry"]


def _best_per_code(candidates: Columns, codes: int) -> list[Cut | None]:
    bounds = np.searchsorted(candidates.code, np.arange(codes + 1))
    best: list[Cut | None] = []
    for start, stop in zip(bounds[:-1], bounds[1:], strict=True):
        if start == stop:
            best.append(None)
            continue
        at = start + int(np.argmax(candidates.f1[start:stop]))
        column, value = int(candidates.column[at]), float(candidates.value[at])
        best.append(Cut(column, value, float(candidates.f1[at])))
    return best


def _rank_with_ties(
    group: Int[np.ndarray, " entry"], value: Float[np.ndarray, " entry"]
) -> Int[np.ndarray, " entry"]:
    """How many entries of the same group have at least this value; entries come sorted."""
    count = len(group)
    if not count:
        return np.zeros(0, dtype=np.int64)
    new_group = np.r_[True, group[1:] != group[:-1]]
    new_value = new_group | np.r_[True, value[1:] != value[:-1]]
    group_start = np.maximum.accumulate(np.where(new_group, np.arange(count), 0))
    tie = np.cumsum(new_value) - 1
    tie_stop = np.r_[np.flatnonzero(new_value)[1:], count][tie]
    rank: np.ndarray = tie_stop - group_start
    return rank


def counts_at(
    entries: Entries, codes: Int[np.ndarray, "sequence position"], code: int, cut: Cut
) -> tuple[int, int]:
    """How often a cut says yes rightly, and how often at all, where the code is known."""
    start, stop = np.searchsorted(entries.column, [cut.column, cut.column + 1])
    chosen = start + np.flatnonzero(entries.value[start:stop] >= cut.threshold)
    said = codes[entries.row[chosen], entries.position[chosen]]
    said = said[said != UNDEFINED]
    return int((said == code).sum()), len(said)
