import numpy as np
import pytest

from atlas.dashboards.activity import (
    Activity,
    Context,
    bands,
    density,
    examples_where,
    histogram,
    top_examples,
)

STRINGS = ("<pad>", "<bos>", "a", "b", "c")
TOKENS = np.array([[1, 2, 3, 4], [1, 4, 2, 0], [1, 3, 3, 3]])
CONTEXT = Context(TOKENS, STRINGS, lengths=np.array([4, 3, 4]), before=1, after=1)
ACTIVITY = Activity(
    sequence=np.array([0, 0, 1, 2, 2]),
    position=np.array([1, 3, 2, 1, 2]),
    value=np.array([0.5, 3.0, 1.0, 2.0, 2.5], dtype=np.float32),
)


def test_top_examples_are_the_strongest_sequences_each_at_its_maximum():
    found = top_examples(ACTIVITY, CONTEXT, 2)
    assert [(e.sequence, e.tokens, e.activations, e.peak) for e in found] == [
        (0, ("b", "c"), (0.0, 3.0), 1),
        (2, ("b", "b", "b"), (2.0, 2.5, 0.0), 1),
    ]


def test_examples_end_where_padding_begins():
    (example,) = top_examples(
        Activity(np.array([1]), np.array([2]), np.array([1.0], np.float32)), CONTEXT, 1
    )
    assert example.tokens == ("c", "a")


def test_parts_join_to_the_same_whole_in_any_order():
    first = Activity(ACTIVITY.sequence[:2], ACTIVITY.position[:2], ACTIVITY.value[:2])
    second = Activity(ACTIVITY.sequence[2:], ACTIVITY.position[2:], ACTIVITY.value[2:])
    for parts in ([first, second], [second, first]):
        joined = Activity.join(parts)
        assert np.array_equal(joined.value, ACTIVITY.value)
        assert bands(joined, CONTEXT, (2, 2)) == bands(ACTIVITY, CONTEXT, (2, 2))


def test_bands_split_the_activations_by_rank():
    low, high = bands(ACTIVITY, CONTEXT, (2, 5))
    assert (low.count, low.lowest, low.highest) == (2, 0.5, 1.0)
    assert (high.count, high.lowest, high.highest) == (3, 2.0, 3.0)
    assert {example.sequence for example in high.examples} == {0, 2}


def test_a_feature_that_is_never_active_has_empty_figures():
    silent = Activity.join([])
    assert top_examples(silent, CONTEXT, 3) == ()
    assert bands(silent, CONTEXT, (5, 5)) == ()
    assert histogram(silent.value, 50).counts == ()


def test_the_histogram_counts_from_zero_to_the_maximum():
    found = histogram(ACTIVITY.value, 3)
    assert found.edges == (0.0, 1.0, 2.0, 3.0)
    assert found.counts == (1, 1, 3)


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
