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
    assert change.tokens[0].before.probability == pytest.approx(0.25)
    assert change.tokens[0].after.logit == pytest.approx(math.log(0.8))
    expected = 0.5 * math.log(5) + 0.25 * math.log(0.25 / 0.8) + 0.25 * math.log(2.5)
    assert change.divergence == pytest.approx(expected)
    assert compare_answers(before, before, top=3).divergence == 0


def test_the_answer_is_the_most_probable_token_before_unless_another_is_named():
    before, after = torch.tensor([1.0, 3.0, 2.0]), torch.tensor([1.0, 0.5, 2.0])
    answer = compare_answers(before, after, top=1).answer
    assert (answer.token, answer.before.rank, answer.after.rank) == (1, 1, 3)
    named = compare_answers(before, after, top=1, answer=0).answer
    assert (named.token, named.before.rank, named.after.rank) == (0, 3, 2)
    assert named.before.logit == named.after.logit == 1.0
