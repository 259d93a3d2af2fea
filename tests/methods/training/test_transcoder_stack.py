import pytest
import torch

from atlas.methods.training.feature_starts import start
from atlas.methods.training.transcoder_stack import StackShape, TranscoderStack

KINDS = [(False, False), (False, True), (True, False), (True, True)]


def random_stack(shape: StackShape, k: tuple[int, ...], gate: str) -> TranscoderStack:
    """All weights random, so that nothing is 0 by chance."""
    stack = TranscoderStack(shape, k, gate)
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.copy_(torch.randn(parameter.shape))
    stack.threshold += 0.5
    return stack


@pytest.mark.parametrize("gate", ["top_k", "batch_top_k"])
@pytest.mark.parametrize(("cross_layer", "skip"), KINDS)
def test_gradients_written_out_are_those_of_autograd(gate, cross_layer, skip):
    torch.manual_seed(0)
    inputs, outputs = torch.randn(3, 30, 5), torch.randn(3, 30, 5)
    stack = random_stack(StackShape(3, 12, 5, cross_layer, skip), (3, 5, 2), gate)
    active = stack.active(stack.pre_activations(inputs))
    stack.set_gradients(active, inputs, stack.estimate(active, inputs) - outputs)
    written = {name: parameter.grad for name, parameter in stack.named_parameters()}
    stack.zero_grad()
    pre = inputs @ stack.encoder.transpose(1, 2) + stack.encoder_bias[:, None]
    estimate = stack.decoder_bias[:, None].expand(3, 30, 5).clone()
    if skip:
        estimate = estimate + inputs @ stack.skip.transpose(1, 2)
    for layer, entries in enumerate(active):
        open_gate = torch.zeros(30, 12).index_put((entries.token, entries.feature), torch.ones(()))
        for after, decoder in enumerate(stack.decoder[layer]):
            write = torch.zeros(3, 1, 1).index_fill(0, torch.tensor([layer + after]), 1.0)
            estimate = estimate + write * ((pre[layer] * open_gate) @ decoder)
    torch.testing.assert_close(stack.estimate(active, inputs), estimate.detach())
    (estimate - outputs).pow(2).mean((1, 2)).sum().backward()
    assert len(written) == 4 + 2 + skip  # three decoders
    for name, parameter in stack.named_parameters():
        torch.testing.assert_close(written[name], parameter.grad, rtol=1e-4, atol=1e-6)


def test_the_threshold_lets_each_layers_k_features_per_token_through():
    torch.manual_seed(0)
    stack = TranscoderStack(StackShape(2, 40, 8), (4, 9), "batch_top_k")
    inputs = torch.randn(2, 64, 8)
    start(stack, inputs, inputs, torch.Generator())
    pre = stack.pre_activations(inputs)
    stack.follow_threshold(pre, (4.0, 9.0), 1.0)
    counts = [len(entries.value) for entries in stack.active(pre)]
    assert counts == pytest.approx([4 * 64, 9 * 64], abs=6)


def test_top_k_keeps_each_layers_own_number():
    stack = TranscoderStack(StackShape(2, 8, 3), (1, 3), "top_k")
    active = stack.active(torch.rand(2, 5, 8) + 1)
    assert [torch.bincount(entries.token).tolist() for entries in active] == [[1] * 5, [3] * 5]


def test_what_a_feature_writes_over_all_its_layers_is_kept_at_norm_one():
    torch.manual_seed(0)
    stack = random_stack(StackShape(3, 6, 4, cross_layer=True), (2, 2, 2), "top_k")
    stack.keep_decoder_unit()
    for decoder in stack.decoder:
        torch.testing.assert_close(decoder.detach().norm(dim=(0, 2)), torch.ones(6))
