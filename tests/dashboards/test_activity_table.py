"""Figures of many features at once are those that a loop over features and tokens finds."""

import numpy as np
import pytest

from atlas.dashboards.activity import Context, lots
from atlas.dashboards.activity_table import ActivityTable
from atlas.dashboards.dashboard_table import Figures
from atlas.dashboards.example_table import ExampleTable

FEATURES, SEQUENCES, POSITIONS = 23, 17, 12
GENERATOR = np.random.default_rng(5)
# Values on a coarse grid, so that many are equal; some features are silent, one is dense.
DENSE = np.round(GENERATOR.exponential(1.0, (FEATURES, SEQUENCES, POSITIONS)) * 4) / 4
DENSE[GENERATOR.random(DENSE.shape) < 0.8] = 0
DENSE[[0, 9, FEATURES - 1]] = 0
DENSE[4] = 1 + GENERATOR.random((SEQUENCES, POSITIONS))
DENSE = DENSE.astype(np.float32)
TOKENS = GENERATOR.integers(0, 30, (SEQUENCES, POSITIONS))
LENGTHS = np.full(SEQUENCES, POSITIONS)
CONTEXT = Context(TOKENS, tuple(f"t{each}" for each in range(30)), LENGTHS, before=3, after=2)


def table_of(dense) -> ActivityTable:
    """As the activations come: by sequence and position, features mixed."""
    sequence, position, feature = np.nonzero(dense.transpose(1, 2, 0))
    columns = (sequence, position, dense[feature, sequence, position])
    return ActivityTable.sort(np.arange(len(dense)), feature, columns)


TABLE = table_of(DENSE)


def places(entries, number) -> list[tuple[int, int]]:
    chosen = entries[TABLE.owner[entries] == number]
    return [(int(TABLE.sequence[each]), int(TABLE.position[each])) for each in chosen]


def one_per_sequence(ordered, count) -> list[tuple[int, int]]:
    found: dict[int, int] = {}
    for sequence, position in ordered:
        found.setdefault(sequence, position)
    return list(found.items())[:count]


@pytest.mark.parametrize("number", range(FEATURES))
def test_the_strongest_sequences_come_first_each_at_its_maximum(number):
    dense = DENSE[number]
    ordered = sorted(zip(*np.nonzero(dense), strict=True), key=lambda at: (-dense[at], at))
    expected = one_per_sequence([(int(s), int(p)) for s, p in ordered], 6)
    assert places(TABLE.strongest(6), number) == expected


@pytest.mark.parametrize("number", range(FEATURES))
def test_bands_split_by_rank_and_draw_by_lot(number):
    dense, bands = DENSE[number], TABLE.bands(4, 3)
    ordered = sorted(zip(*np.nonzero(dense), strict=True), key=lambda at: (dense[at], at))
    drawn = TABLE.owner[bands.drawn] == number
    for band in range(4):
        inside = ordered[round(len(ordered) * band / 4) : round(len(ordered) * (band + 1) / 4)]
        assert bands.counts[number, band] == len(inside)
        if inside:
            ends = (bands.lowest[number, band], bands.highest[number, band])
            assert ends == (dense[inside[0]], dense[inside[-1]])
        by_lot = sorted(inside, key=lambda at: int(lots(np.array([at[0]]), np.array([at[1]]))[0]))
        expected = one_per_sequence([(int(s), int(p)) for s, p in by_lot], 3)
        assert places(bands.drawn[drawn & (bands.band == band)], number) == expected


def test_histograms_are_numpys():
    found = TABLE.histograms(7)
    for number in range(FEATURES):
        values = DENSE[number][DENSE[number] > 0].astype(np.float64)
        expected = np.histogram(values, bins=7, range=(0, values.max()))[0] if len(values) else 0
        assert np.array_equal(found[number], np.zeros(7) + expected)


def test_examples_hold_the_activations_around_their_peak():
    examples = ExampleTable.cut(TABLE, CONTEXT, TABLE.strongest(5))
    for number in range(FEATURES):
        for example in examples.of_feature(number, CONTEXT):
            dense = DENSE[number][example.sequence]
            at = int(np.argmax(dense))
            start, stop = max(0, at - 3), min(POSITIONS, at + 3)
            assert example.activations == pytest.approx(dense[start:stop], abs=1e-4)
            assert example.tokens == tuple(f"t{t}" for t in TOKENS[example.sequence, start:stop])
            assert example.peak == at - start


def test_examples_end_where_padding_begins():
    short = Context(TOKENS, CONTEXT.strings, np.full(SEQUENCES, 8), before=3, after=4)
    within = table_of(np.where(np.arange(POSITIONS) < 8, DENSE, 0))
    examples = ExampleTable.cut(within, short, within.strongest(5))
    assert examples.stop.max() == 8


def test_a_table_in_which_nothing_is_active():
    empty = table_of(np.zeros((3, 2, 4), dtype=np.float32))
    figures = Figures.of(empty, CONTEXT, (5, 3, 2, 2))
    assert len(figures.top) == len(figures.band_examples) == 0
    assert figures.histograms.sum() == figures.bands.counts.sum() == 0
    assert empty.maxima.tolist() == [0, 0, 0]


def test_more_features_than_two_bytes_count_are_sorted():
    feature = np.array([70_000, 3, 70_000, 65_536, 0])
    columns = (np.arange(5), np.zeros(5, dtype=np.int64), np.ones(5, dtype=np.float32))
    found = ActivityTable.sort(np.arange(70_001), feature, columns)
    assert found.sequence.tolist() == [4, 1, 3, 0, 2]
    assert found.activity(70_000).sequence.tolist() == [0, 2]
