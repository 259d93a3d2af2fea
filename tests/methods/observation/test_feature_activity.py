import numpy as np

from atlas.methods.activations import LayerEntries
from atlas.methods.observation.feature_activity import by_feature


def entries(*rows: tuple[int, int, int, float]) -> LayerEntries:
    table = np.asarray(rows, dtype=np.float64).reshape(-1, 4)
    row, position, index = (table[:, column].astype(np.int64) for column in range(3))
    return LayerEntries(row, position, index, table[:, 3].astype(np.float32))


def test_entries_are_sorted_into_features():
    found = dict(by_feature(entries((0, 1, 7, 0.5), (0, 2, 3, 1.0), (4, 1, 7, 2.0))))
    assert list(found) == [3, 7]
    assert found[7].sequence.tolist() == [0, 4]
    assert found[7].value.tolist() == [0.5, 2.0]


def test_values_below_zero_are_no_activity():
    assert list(dict(by_feature(entries((0, 1, 7, -0.5), (0, 2, 3, 1.0))))) == [3]


def test_a_pass_in_which_nothing_is_active():
    assert dict(by_feature(entries())) == {}
    assert dict(by_feature(entries((0, 1, 7, -0.5)))) == {}
