"""Dashboards of a made-up layer, without a model: for tests of shards and their readers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from atlas.dashboards.activity import Context
from atlas.dashboards.activity_table import ActivityTable
from atlas.dashboards.dashboard import AutomaticLabel
from atlas.dashboards.dashboard_table import DashboardTable, Figures, Neighbours, TokenEffects
from atlas.dashboards.firing_together import Piece, TogetherSettings, firing_together
from atlas.dashboards.pair_files import quantised

SEQUENCES, POSITIONS, SILENT = 40, 20, 3
STRINGS = tuple(f"\u2581word{number}" for number in range(50))


def planted_table(
    layer: int, features: int, strings: Sequence[str] = STRINGS
) -> tuple[DashboardTable, Context]:
    """A layer whose feature number `SILENT` is never active; 1 and 2 are active together."""
    generator = np.random.default_rng(layer)
    dense = generator.exponential(1.0, (SEQUENCES, POSITIONS, features)).astype(np.float32)
    dense[generator.random(dense.shape) < 0.9] = 0
    dense[:, 0] = 0
    dense[..., SILENT] = 0
    dense[..., 2] = dense[..., 1] * 2
    tokens = generator.integers(0, len(strings), (SEQUENCES, POSITIONS))
    context = Context(tokens, tuple(strings), np.full(SEQUENCES, POSITIONS), before=6, after=3)
    sequence, position, feature = np.nonzero(dense)
    columns = (sequence, position, dense[sequence, position, feature])
    table = ActivityTable.sort(np.arange(features), feature, columns)
    piece = Piece((sequence << 20) + position, feature)
    settings = TogetherSettings(others=4, least_both=1)
    raised, lowered = (effects(generator, features, len(strings), sign) for sign in (1, -1))
    found = DashboardTable(
        model="microworld",
        dictionary="transcoders",
        layer=layer,
        tokens=SEQUENCES * (POSITIONS - 1),
        activity=table,
        figures=Figures.of(table, context, (10, 5, 4, 2)),
        promoted=raised,
        suppressed=lowered,
        similar=neighbours(generator, features, layer),
        together=firing_together(np.arange(features), table.counts, [piece], settings),
        counts=table.counts,
        labels=[labels(number, strings) for number in range(features)],
        decoder=quantised(generator.normal(size=(features, 16)).astype(np.float32)),
    )
    return found, context


def labels(number: int, strings: Sequence[str]) -> tuple[AutomaticLabel, ...]:
    """A scored label and one that was not scored; none of the silent feature."""
    if number == SILENT:
        return ()
    text = f"the token “{strings[number % len(strings)][:60]}”"
    score = 0.5 + number % 50 / 100
    scored = AutomaticLabel("trigger tokens", text, 1.25, 0.4, score, 0.25, 31, 42, 0.75)
    none = (None,) * 6
    return (scored, AutomaticLabel("mine:label", strings[-number % len(strings)] or "-", *none))


def effects(generator, features: int, vocabulary: int, sign: int) -> TokenEffects:
    logits = sign * np.sort(generator.random((features, 5)).astype(np.float32), axis=1)[:, ::-1]
    return TokenEffects(generator.integers(0, vocabulary, (features, 5)), logits)


def neighbours(generator, features: int, layer: int) -> Neighbours:
    cosines = np.sort(generator.uniform(-1, 1, (features, 3)).astype(np.float32), axis=1)[:, ::-1]
    index = (np.arange(features)[:, None] + 1 + np.arange(3)) % features
    return Neighbours(np.full((features, 3), layer), index, cosines)
