from __future__ import annotations

import pytest
import torch

from atlas.models.activation_functions import BatchTopK, Gated, JumpReLU, ReLU, TopK

PRE = torch.tensor([[3.0, 1.0, -2.0, 2.0], [-1.0, -4.0, -3.0, -2.0]])


def test_batch_topk_keeps_positive_values_strictly_above_one_threshold():
    assert BatchTopK(1.0).apply(PRE).tolist() == [[3, 0, 0, 2], [0, 0, 0, 0]]
    assert BatchTopK(-5.0).apply(PRE).tolist() == torch.relu(PRE).tolist()


def test_batch_topk_does_not_look_at_the_rest_of_the_batch():
    assert torch.equal(BatchTopK(1.0).apply(PRE)[:1], BatchTopK(1.0).apply(PRE[:1]))


def test_a_gated_feature_is_its_magnitude_behind_an_open_gate():
    """Gate and magnitude row computed apart, as Rajamanoharan et al. 2024 write them."""
    generator = torch.Generator().manual_seed(0)
    x, rows = torch.randn(50, 6, generator=generator), torch.randn(4, 6, generator=generator)
    log_ratio, gate_bias, bias = (0.3 * torch.randn(4, generator=generator) for _ in range(3))
    gate = x @ rows.T + gate_bias
    magnitude = x @ (rows * log_ratio.exp()[:, None]).T + bias
    expected = torch.relu(magnitude) * (gate > 0)
    activation = Gated((-log_ratio).exp(), gate_bias - bias * (-log_ratio).exp())
    torch.testing.assert_close(activation.apply(magnitude), expected)
    torch.testing.assert_close(activation.margin(magnitude), gate, atol=1e-6, rtol=1e-5)
    closed = (magnitude > 0) & (gate <= 0)
    assert bool(closed.any())


def test_the_margin_of_topk_is_the_distance_to_the_value_that_would_switch_it():
    activation = TopK(2)
    assert activation.margin(PRE).tolist() == [[2, -1, -4, 1], [2, -2, -1, 1]]
    margins = activation.margin(PRE)
    for feature in range(4):
        for nudge, stays in ((0.99, True), (1.01, False)):
            moved = PRE.clone()
            moved[:, feature] -= nudge * margins[:, feature]
            active = activation.apply(moved)[:, feature] != 0
            assert torch.equal(active, (margins[:, feature] > 0) == stays)


def test_a_kept_value_that_is_clipped_at_zero_is_not_active():
    assert TopK(2, rectified=True).margin(PRE)[1].tolist() == [-1, -4, -3, -2]


def test_with_as_many_as_all_features_kept_none_can_be_replaced():
    assert bool((TopK(4).margin(PRE) > 1e30).all())


@pytest.mark.parametrize("activation", [ReLU(), JumpReLU(torch.ones(4)), BatchTopK(0.5)])
def test_a_fixed_threshold_needs_no_margin(activation):
    assert activation.margin(PRE) is None


@pytest.mark.parametrize(
    "activation",
    [
        BatchTopK(1.5),
        BatchTopK(-1.0),
        Gated(torch.tensor([1.0, 2.0, 0.5, 1.0]), torch.tensor([-1.0, 0.5, -1.0, -2.5])),
    ],
)
def test_batch_topk_and_gates_equal_a_jumprelu(activation):
    pre = 3 * torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    threshold = activation.threshold_of(4)
    assert torch.equal(JumpReLU(threshold).apply(pre), activation.apply(pre))
    assert TopK(2).threshold_of(4) is None
