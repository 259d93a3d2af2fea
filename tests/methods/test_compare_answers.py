from __future__ import annotations

import math

import pytest
import torch

from atlas.methods.compare_answers import compare_answers


def test_tokens_are_ordered_by_their_larger_probability_and_the_divergence_is_in_nats():
    before = torch.tensor([0.5, 0.25, 0.25]).log()
    after = torch.tensor([0.1, 0.8, 0.1]).log()
    change = compare_answers(before, after, top=1)
    assert [each.token for each in change.tokens] == [1, 0]
    assert change.tokens[0].before == pytest.approx(0.25)
    expected = 0.5 * math.log(5) + 0.25 * math.log(0.25 / 0.8) + 0.25 * math.log(2.5)
    assert change.divergence == pytest.approx(expected)
    assert compare_answers(before, before, top=3).divergence == 0
