from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.errors import BadInput
from atlas.methods.next_token import Sampling, TokenChooser, drawn_tokens

PROBABILITIES = torch.tensor([[0.1, 0.5, 0.15, 0.25]], dtype=torch.float64)


def shares(sampling, count=20000):
    numbers = (np.arange(count) + 0.5) / count
    tokens = drawn_tokens(PROBABILITIES.log().expand(count, -1), sampling, numbers)
    return torch.bincount(tokens, minlength=4) / count


def test_tokens_are_drawn_as_often_as_they_are_probable():
    torch.testing.assert_close(shares(Sampling((0,))), PROBABILITIES[0].float(), atol=1e-4, rtol=0)


def test_a_temperature_sharpens_or_flattens():
    expected = PROBABILITIES[0] ** 2 / (PROBABILITIES**2).sum()
    found = shares(Sampling((0,), temperature=0.5))
    torch.testing.assert_close(found, expected.float(), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("top_p", "expected"),
    [(0.4, [0, 1, 0, 0]), (0.6, [0, 2 / 3, 0, 1 / 3]), (0.85, [0, 5 / 9, 1.5 / 9, 2.5 / 9])],
)
def test_only_the_fewest_tokens_that_hold_the_share_are_drawn(top_p, expected):
    found = shares(Sampling((0,), top_p=top_p))
    torch.testing.assert_close(
        found, torch.tensor(expected, dtype=torch.float32), atol=1e-4, rtol=0
    )


def test_without_sampling_it_is_the_most_probable():
    assert TokenChooser(None, 1).choose(PROBABILITIES.log(), [0]).tolist() == [1]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"temperature": 0.0}, "temperature: expected above 0"),
        ({"temperature": float("inf")}, "temperature"),
        ({"top_p": 0.0}, "top-p: expected above 0 and at most 1"),
        ({"top_p": 1.5}, "top-p"),
        ({"seeds": (-1,)}, "seed: expected 0 or more"),
    ],
)
def test_settings_that_mean_nothing_are_refused(fields, message):
    with pytest.raises(BadInput, match=message):
        Sampling(**{"seeds": (0,), **fields})
