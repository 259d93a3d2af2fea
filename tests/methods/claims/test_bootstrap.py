"""Intervals widen where rows share entities or templates."""

import numpy as np
import pytest

from atlas.methods.claims.bootstrap import resamples


def width(entities, templates, values):
    low, high = resamples(entities, templates, seed=0).interval(np.asarray(values, dtype=float))
    return high - low


def test_the_interval_covers_the_mean_as_often_as_it_says():
    generator = np.random.default_rng(1)
    covered = 0
    for experiment in range(200):
        entity_effect = generator.normal(size=40)
        values = np.repeat(entity_effect, 3) + generator.normal(size=120)
        entities = [str(n) for n in np.repeat(np.arange(40), 3)]
        interval = resamples(entities, ["t"] * 120, seed=experiment, count=400).interval(values)
        covered += interval[0] <= 0 <= interval[1]
    assert 0.88 <= covered / 200 <= 1.0


def test_rows_of_one_entity_count_as_one_observation():
    values = np.repeat(np.random.default_rng(0).normal(size=10), 20)
    shared = [str(n) for n in np.repeat(np.arange(10), 20)]
    alone = [str(n) for n in range(200)]
    assert width(shared, ["t"] * 200, values) > 3 * width(alone, ["t"] * 200, values)


def test_templates_that_disagree_widen_the_interval():
    entities = [str(n) for n in range(100)]
    values = [1.0] * 50 + [0.0] * 50
    apart = ["a"] * 50 + ["b"] * 50
    assert width(entities, apart, values) == pytest.approx(1.0)
    assert width(entities, ["a"] * 100, values) < 0.3


def test_a_constant_effect_has_no_width():
    found = resamples(list("abcd"), ["t"] * 4, seed=0)
    assert found.interval(np.full(4, 0.5)) == pytest.approx((0.5, 0.5))
    assert found.weights.sum(axis=1) == pytest.approx(np.ones(2000))


def test_the_difference_is_that_to_the_median_draw():
    found = resamples([str(n) for n in range(100)], ["t"] * 100, seed=0)
    draws = np.stack([np.full(100, 0.1), np.full(100, 0.2), np.full(100, 0.9)], axis=1)
    assert found.difference_interval(np.full(100, 0.7), draws) == pytest.approx((0.5, 0.5))


def test_the_same_seed_gives_the_same_weights():
    first, second, other = (resamples(list("abc"), list("xyz"), seed=s).weights for s in (7, 7, 8))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_no_rows_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="and a row"):
        resamples([], [], seed=0)
