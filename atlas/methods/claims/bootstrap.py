"""Intervals of means over rows that share entities and templates.

Rows about the same entity, or written from the same template, are not independent: resampling
rows would give intervals that are too narrow. The pigeonhole bootstrap (Owen 2007) resamples the
values of both factors, and a row counts as often as both of its values were drawn together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

RESAMPLES = 2000  # the ends of a 95 % interval rest on 50 of them each
COVERAGE = 0.95  # share of resamples within the interval


@dataclass(frozen=True)
class Resamples:
    """How much each row counts in each resample; each resample's weights sum to 1."""

    weights: Float64[np.ndarray, "resample row"]
    entities: int  # distinct values of the entity
    templates: int  # distinct templates

    def means(self, values: Float64[np.ndarray, " row"]) -> Float64[np.ndarray, " resample"]:
        """The mean over rows in each resample."""
        return np.asarray(self.weights @ values)

    def interval(self, values: Float64[np.ndarray, " row"]) -> tuple[float, float]:
        """The 95 % interval of the mean over rows."""
        return percentile_interval(self.means(values))

    def difference_interval(
        self, values: Float64[np.ndarray, " row"], draws: Float64[np.ndarray, "row draw"]
    ) -> tuple[float, float]:
        """The 95 % interval of (mean over rows − median over draws of the draw's mean)."""
        medians = np.median(self.weights @ draws, axis=1)
        return percentile_interval(self.means(values) - medians)


def percentile_interval(values: Float64[np.ndarray, " resample"]) -> tuple[float, float]:
    """The interval that holds the middle 95 % of the values."""
    tail = 100 * (1 - COVERAGE) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)


def resamples(
    entities: Sequence[str], templates: Sequence[str], seed: int, count: int = RESAMPLES
) -> Resamples:
    """Two-way resampling weights for rows with these entities and templates, one per row.

    A resample that drew no row at all (possible with few values) is drawn again. Raises
    ValueError where there are no rows.
    """
    if not entities or len(entities) != len(templates):
        raise ValueError("resamples needs one entity and one template per row, and a row")
    generator = np.random.default_rng(seed)
    entity_of, entity_count = _codes(entities)
    template_of, template_count = _codes(templates)
    weights: np.ndarray = np.zeros((count, len(entities)))
    missing = np.arange(count)
    while len(missing):
        drawn = _counts(generator, len(missing), entity_count)[:, entity_of]
        drawn *= _counts(generator, len(missing), template_count)[:, template_of]
        weights[missing] = drawn
        missing = missing[drawn.sum(axis=1) == 0]
    return Resamples(weights / weights.sum(axis=1, keepdims=True), entity_count, template_count)


def _codes(values: Sequence[str]) -> tuple[Int64[np.ndarray, " row"], int]:
    distinct, codes = np.unique(np.asarray(values, dtype=str), return_inverse=True)
    return codes.astype(np.int64), len(distinct)


def _counts(
    generator: np.random.Generator, resample_count: int, values: int
) -> Float64[np.ndarray, "resample value"]:
    """How often each value was drawn, drawing as many values as there are."""
    shares = np.full(values, 1 / values)
    return generator.multinomial(values, shares, size=resample_count).astype(np.float64)
