"""Dashboards of many features of one layer, in columns; each can be taken out as a `Dashboard`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int8, Int64

from atlas.dashboards.activity import DECIMALS, Context, density
from atlas.dashboards.activity_table import ActivityTable, Bands, histogram_edges
from atlas.dashboards.dashboard import (
    AutomaticLabel,
    Band,
    Dashboard,
    Example,
    Histogram,
    Similar,
    TokenEffect,
)
from atlas.dashboards.dashboard import Together as TogetherWith
from atlas.dashboards.example_table import ExampleTable
from atlas.dashboards.firing_together import NONE, Together


@dataclass(frozen=True)
class Figures:
    """What is counted and drawn from where features are active."""

    histograms: Int64[np.ndarray, "feature bin"]
    top: ExampleTable
    bands: Bands
    band_examples: ExampleTable

    @classmethod
    def of(
        cls, table: ActivityTable, context: Context, counts: tuple[int, int, int, int]
    ) -> Figures:
        """Figures of a table; `counts` are bins, top examples, bands and examples of each band."""
        bins, top, number, of_band = counts
        bands = table.bands(number, of_band)
        return cls(
            histograms=table.histograms(bins),
            top=ExampleTable.cut(table, context, table.strongest(top)),
            bands=bands,
            band_examples=ExampleTable.cut(table, context, bands.drawn),
        )


@dataclass(frozen=True)
class TokenEffects:
    """The tokens that features move most, the strongest first."""

    token: Int64[np.ndarray, "feature rank"]
    logit: Float[np.ndarray, "feature rank"]


@dataclass(frozen=True)
class Neighbours:
    """The features whose decoder vectors point most nearly the same way, the nearest first."""

    layer: Int64[np.ndarray, "feature rank"]  # NONE where there are no more
    index: Int64[np.ndarray, "feature rank"]
    cosine: Float[np.ndarray, "feature rank"]


@dataclass(frozen=True)
class DashboardTable:
    """All of it, for some features of one layer."""

    model: str
    dictionary: str
    layer: int
    tokens: int  # looked at: position 0 and padding do not count
    activity: ActivityTable
    figures: Figures
    promoted: TokenEffects
    suppressed: TokenEffects
    similar: Neighbours
    together: Together
    counts: Int64[np.ndarray, " layer_feature"]  # active tokens of every feature of the layer
    labels: Sequence[tuple[AutomaticLabel, ...]] = ()  # by feature; empty where none were sought
    decoder: Int8[np.ndarray, "feature d_model"] | None = None  # directions, see pair_files.py

    def __len__(self) -> int:
        """How many features there are."""
        return len(self.activity)

    def dashboards(self, context: Context) -> Iterator[Dashboard]:
        """One after the other."""
        for number in range(len(self)):
            yield self.dashboard(number, context)

    def dashboard(self, number: int, context: Context) -> Dashboard:
        """Feature number `number` of the table."""
        maximum = round(float(self.activity.maxima[number]), DECIMALS)
        return Dashboard(
            model=self.model,
            dictionary=self.dictionary,
            layer=self.layer,
            index=int(self.activity.index[number]),
            density=density(int(self.activity.counts[number]), self.tokens),
            maximum=maximum,
            histogram=self._histogram(number),
            top=self.figures.top.of_feature(number, context),
            bands=self._bands(number, context),
            promoted=_effects(self.promoted, number, context),
            suppressed=_effects(self.suppressed, number, context),
            similar=self._similar(number),
            together=self._together(number),
            labels=self.labels[number] if self.labels else (),
        )

    def _histogram(self, number: int) -> Histogram:
        counts = self.figures.histograms[number]
        if not self.activity.counts[number]:
            return Histogram((), ())
        edges = histogram_edges(self.activity.maxima[number : number + 1], len(counts))[0]
        rounded = tuple(round(edge, DECIMALS) for edge in edges.tolist())
        return Histogram(rounded, tuple(counts.tolist()))

    def _bands(self, number: int, context: Context) -> tuple[Band, ...]:
        bands, examples = self.figures.bands, self.figures.band_examples
        count = bands.counts.shape[1]
        inside: list[list[Example]] = [[] for _ in range(count)]
        for each in range(int(examples.starts[number]), int(examples.starts[number + 1])):
            inside[int(bands.band[each])].append(examples.example(each, context))
        return tuple(
            Band(
                from_share=band / count,
                to_share=(band + 1) / count,
                lowest=round(float(bands.lowest[number, band]), DECIMALS),
                highest=round(float(bands.highest[number, band]), DECIMALS),
                count=int(bands.counts[number, band]),
                examples=tuple(inside[band]),
            )
            for band in range(count)
            if bands.counts[number, band]
        )

    def _similar(self, number: int) -> tuple[Similar, ...]:
        columns = (self.similar.layer, self.similar.index, self.similar.cosine)
        rows = zip(*(column[number].tolist() for column in columns), strict=True)
        return tuple(
            Similar(layer, index, round(cosine, DECIMALS))
            for layer, index, cosine in rows
            if layer != NONE
        )

    def _together(self, number: int) -> tuple[TogetherWith, ...]:
        own = int(self.activity.counts[number])
        pairs = zip(
            self.together.index[number].tolist(), self.together.both[number].tolist(), strict=True
        )
        return tuple(
            TogetherWith(
                index, both, round(both / (own + int(self.counts[index]) - both), DECIMALS)
            )
            for index, both in pairs
            if index != NONE
        )


def _effects(effects: TokenEffects, number: int, context: Context) -> tuple[TokenEffect, ...]:
    rows = zip(effects.token[number].tolist(), effects.logit[number].tolist(), strict=True)
    return tuple(
        TokenEffect(context.strings[token], round(logit, DECIMALS)) for token, logit in rows
    )
