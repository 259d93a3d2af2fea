"""Why a head looks where it looks: one attention score split over pairs of sources.

A score is bilinear in what reaches the query's place and what reaches the key's place, so with the
sources of an attribution graph on both sides (constants included)

    score(q, k) = Σ_s Σ_t value[s, t]

The row sums are what each source adds on the query side, the column sums on the key side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64, Int64

from atlas.graphs.nodes import NodeTable


@dataclass(frozen=True)
class HeadPlace:
    """A head and two positions whose score is meant; with a foil, the difference of two keys."""

    layer: int
    head: int
    query: int
    key: int
    foil: int | None = None  # the score of this key is subtracted


@dataclass(frozen=True)
class KeyScore:
    """What the model itself makes of one key."""

    position: int
    score: float  # scale · query · key, before a soft cap and the softmax
    soft_capped: float | None  # cap · tanh(score / cap), where the model caps scores
    weight: float  # the attention pattern's entry, 0 to 1


@dataclass(frozen=True, eq=False)
class SourcePairs:
    """Pairs of sources, the strongest first."""

    query: Int64[np.ndarray, " pair"]  # sources
    key: Int64[np.ndarray, " pair"]  # sources
    value: Float64[np.ndarray, " pair"]  # what the pair adds to the score


@dataclass(frozen=True, eq=False)
class PairTable:
    """What pairs of the foremost sources add; the last row and column hold all other sources."""

    query: Int64[np.ndarray, " query_source"]  # the sources of the rows, strongest first
    key: Int64[np.ndarray, " key_source"]  # those of the columns
    values: Float64[np.ndarray, "query_source_and_rest key_source_and_rest"]


@dataclass(frozen=True, eq=False)
class AttentionScore:
    """One score, split. Numbers are in the unit of scores before the softmax (nats)."""

    place: HeadPlace
    score: float  # of the key, less that of the foil
    keys: tuple[KeyScore, ...]  # the key, then the foil if there is one
    model: str
    dictionary: str
    prompt: str
    tokens: tuple[str, ...]
    sources: NodeTable
    query_marginals: Float64[np.ndarray, " source"]  # part in the query times the whole key
    key_marginals: Float64[np.ndarray, " source"]  # part in the key times the whole query
    query_rest: float  # of sources that are not listed
    key_rest: float
    table: PairTable
    strongest: SourcePairs  # over all sources, not only those of the table

    def closure_gap(self) -> float:
        """The largest of |sum − score| over the pairs and both sides' marginals."""
        sums = (
            self.table.values.sum(),
            self.query_marginals.sum() + self.query_rest,
            self.key_marginals.sum() + self.key_rest,
        )
        return max(abs(float(total) - self.score) for total in sums)

    def abridged(self) -> AttentionScore:
        """The same with only the sources that a table of pairs names; the others go to the rest."""
        table, pairs = self.table, self.strongest
        named = [table.query, table.key, pairs.query, pairs.key]
        kept = np.unique(np.concatenate(named))
        new = np.zeros(len(self.sources), dtype=np.int64)
        new[kept] = np.arange(len(kept))
        lost = np.ones(len(self.sources), dtype=bool)
        lost[kept] = False
        return replace(
            self,
            sources=self.sources.take(kept),
            query_marginals=self.query_marginals[kept],
            key_marginals=self.key_marginals[kept],
            query_rest=self.query_rest + float(self.query_marginals[lost].sum()),
            key_rest=self.key_rest + float(self.key_marginals[lost].sum()),
            table=PairTable(new[table.query], new[table.key], table.values),
            strongest=SourcePairs(new[pairs.query], new[pairs.key], pairs.value),
        )

    def name(self, source: int) -> str:
        """A source in as few words as a reader of the prompt needs."""
        return self.sources.short_name(source, self.tokens)
