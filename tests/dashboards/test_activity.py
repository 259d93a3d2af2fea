import numpy as np
import pytest

from atlas.dashboards.activity import Activity, Context, density, examples_where, percentiles

STRINGS = ("<pad>", "<bos>", "a", "b", "c")
TOKENS = np.array([[1, 2, 3, 4], [1, 4, 2, 0], [1, 3, 3, 3]])
CONTEXT = Context(TOKENS, STRINGS, lengths=np.array([4, 3, 4]), before=1, after=1)
ACTIVITY = Activity(
    sequence=np.array([0, 0, 1, 2, 2]),
    position=np.array([1, 3, 2, 1, 2]),
    value=np.array([0.5, 3.0, 1.0, 2.0, 2.5], dtype=np.float32),
)


def test_parts_join_to_the_same_whole_in_any_order():
    first = Activity(ACTIVITY.sequence[:2], ACTIVITY.position[:2], ACTIVITY.value[:2])
    second = Activity(ACTIVITY.sequence[2:], ACTIVITY.position[2:], ACTIVITY.value[2:])
    for parts in ([first, second], [second, first]):
        joined = Activity.join(parts)
        assert np.array_equal(joined.value, ACTIVITY.value)
        assert np.array_equal(joined.position, ACTIVITY.position)


def test_percentiles_are_of_the_activations_above_zero():
    found = percentiles(ACTIVITY)
    assert (len(found), found[49], found[-1]) == (100, 2.0, 3.0)
    assert percentiles(Activity.join([])) == ()


@pytest.mark.parametrize(
    ("active", "tokens", "low", "high"),
    [(0, 100, 0.0, 0.03699), (10, 100, 0.05523, 0.17437), (100, 100, 0.96301, 1.0)],
)
def test_the_interval_of_the_density_is_wilsons(active, tokens, low, high):
    found = density(active, tokens)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


def test_examples_of_a_mask_are_drawn_one_per_sequence():
    mask = np.array([[0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]], dtype=bool)
    found = examples_where(mask, ACTIVITY, CONTEXT, 5)
    assert sorted(example.sequence for example in found) == [0, 1]
