"""Files for comparing: decoders, sums and samples from which any two features are compared."""

from dataclasses import replace

import numpy as np
import pytest

from atlas.dashboards import pair_files as pairs
from atlas.dashboards.activity_table import ActivityTable
from atlas.dashboards.pair_files import pair_files, quantised, sample_order
from tests.dashboards.planted_table import POSITIONS, SEQUENCES, SILENT, planted_table

FEATURES, SIZE, WIDE = 21, 8, 16
SHAPE = (SEQUENCES, POSITIONS)
VECTORS = np.random.default_rng(1).normal(size=(FEATURES, WIDE)).astype(np.float32)
TABLE = replace(planted_table(2, FEATURES)[0], decoder=quantised(VECTORS))
DENSE = np.stack([TABLE.activity.activity(n).dense(SHAPE) for n in range(FEATURES)])


def sampled(file, row) -> dict[int, float]:
    """The places of a feature's sample, by their turn, with its activation."""
    a = file.arrays
    part = slice(int(a["sample_starts"][row]), int(a["sample_starts"][row + 1]))
    values = a["sample_value"][part] / 255 * a["maximum"][row]
    return dict(zip(a["sample_place"][part].tolist(), values.tolist(), strict=True))


def test_vectors_keep_their_directions():
    unit = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    found = TABLE.decoder.astype(float)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    assert np.abs(found @ found.T - unit @ unit.T).max() < 0.01
    assert quantised(np.zeros((2, 3), np.float32)).tolist() == [[0, 0, 0]] * 2


def test_a_feature_that_is_seldom_active_is_known_whole():
    files = dict(pair_files(TABLE, SHAPE, SIZE))
    assert list(files) == [0, 8, 16]
    turn = sample_order(SHAPE)
    assert sorted(turn.ravel().tolist()) == list(range(SEQUENCES * POSITIONS))
    for number in range(FEATURES):
        file, row = files[number - number % SIZE], number % SIZE
        assert file.arrays["active"][row] == (DENSE[number] > 0).sum() <= pairs.SAMPLE
        active = DENSE[number] > 0
        expected = dict(zip(turn[active].tolist(), DENSE[number][active].tolist(), strict=True))
        found = sampled(file, row)
        assert list(found) == sorted(expected)
        assert [found[at] for at in found] == pytest.approx(
            [expected[at] for at in found], abs=float(DENSE[number].max()) / 500
        )
        assert file.arrays["sum"][row] == pytest.approx(DENSE[number].sum(), rel=1e-5)
        assert file.arrays["squares"][row] == pytest.approx((DENSE[number] ** 2).sum(), rel=1e-5)
    assert sampled(files[0], SILENT) == {}


def test_of_a_feature_that_is_often_active_the_first_places_are_kept():
    generator = np.random.default_rng(5)
    active = generator.random((2, 60, 20)) < 0.7
    feature, sequence, position = np.nonzero(active)
    columns = (sequence, position, np.ones(len(feature), np.float32))
    activity = ActivityTable.sort(np.arange(2), feature, columns)
    table = replace(TABLE, activity=activity, labels=(), decoder=TABLE.decoder[:2])
    ((_, file),) = pair_files(table, (60, 20), 128)
    turn = sample_order((60, 20))
    for row in range(2):
        assert list(sampled(file, row)) == sorted(turn[active[row]].tolist())[: pairs.SAMPLE]


def test_dashboards_without_decoders_have_no_such_files():
    assert list(pair_files(replace(TABLE, decoder=None), SHAPE, SIZE)) == []
