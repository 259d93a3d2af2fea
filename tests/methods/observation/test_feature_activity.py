import numpy as np

from atlas.methods.activations import LayerEntries
from atlas.methods.observation.feature_activity import table_of


def entries(*rows: tuple[int, int, int, float]) -> LayerEntries:
    table = np.asarray(rows, dtype=np.float64).reshape(-1, 4)
    row, position, index = (table[:, column].astype(np.int64) for column in range(3))
    return LayerEntries(row, position, index, table[:, 3].astype(np.float32))


def test_entries_are_sorted_into_features():
    first, second = entries((0, 1, 7, 0.5), (0, 2, 3, 1.0)), entries((4, 1, 7, 2.0))
    found = table_of([first, second], [3, 5, 7])
    assert found.counts.tolist() == [1, 0, 2]
    assert found.activity(2).sequence.tolist() == [0, 4]
    assert found.activity(2).value.tolist() == [0.5, 2.0]


def test_features_that_are_not_wanted_are_left_out():
    found = table_of([entries((0, 1, 7, 0.5), (0, 2, 3, 1.0), (0, 3, 900, 1.0))], [7])
    assert (found.index.tolist(), found.value.tolist()) == ([7], [0.5])


def test_values_below_zero_are_no_activity():
    assert table_of([entries((0, 1, 7, -0.5), (0, 2, 3, 1.0))], [3, 7]).counts.tolist() == [1, 0]


def test_a_layer_in_which_nothing_is_active():
    assert table_of([], [0, 1]).counts.tolist() == [0, 0]
    assert table_of([entries((0, 1, 7, -0.5))], [0, 7]).counts.tolist() == [0, 0]
