"""Metrics are read off the last position's logits."""

import numpy as np
import pytest
import torch

from atlas.errors import EntryError
from atlas.methods.claims.answers import answers, joined, metric_values

# Two rows over four tokens. Row 0: target 1, foil 2, partner's target 3. Row 1: target 0 only.
LOGITS = torch.tensor([[0.0, 2.0, 1.0, 0.5], [1.0, 3.0, 0.0, 0.0]])
FOUND = answers(LOGITS, np.array([[1, 2, 3], [0, -1, -1]]))


@pytest.mark.parametrize(
    ("metric", "of", "expected"),
    [
        ("logit_difference", "target", [1.0, np.nan]),
        ("logit_difference", "foil", [-1.0, np.nan]),
        ("logit_difference", "partner_target", [-1.5, np.nan]),
        ("top1", "target", [1.0, 0.0]),
        ("top1", "partner_target", [0.0, np.nan]),
    ],
)
def test_a_metric_compares_the_named_tokens(metric, of, expected):
    np.testing.assert_allclose(metric_values(metric, of, FOUND), expected)


def test_probability_is_the_softmax():
    expected = torch.softmax(LOGITS.double(), -1)[0, 1].item()
    assert metric_values("probability", "target", FOUND)[0] == pytest.approx(expected)
    assert np.isnan(metric_values("probability", "foil", FOUND)[1])


def test_generated_asks_whether_the_token_occurs():
    generated = joined([FOUND])
    found = type(FOUND)(FOUND.logits, FOUND.probabilities, FOUND.top, FOUND.candidates,
                        ((3, 1), (2, 2)))  # fmt: skip
    np.testing.assert_allclose(metric_values("generated", "target", found), [1.0, 0.0])
    with pytest.raises(EntryError, match="nothing was generated"):
        metric_values("generated", "target", generated)


def test_an_unknown_metric_is_refused():
    with pytest.raises(EntryError, match="a metric among probability"):
        metric_values("vibes", "target", FOUND)


def test_taking_and_joining_rows_is_the_identity():
    again = joined([FOUND.take(np.array([0])), FOUND.take(np.array([1]))])
    np.testing.assert_array_equal(again.logits, FOUND.logits)
    np.testing.assert_array_equal(again.top, FOUND.top)
