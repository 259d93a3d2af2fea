from dataclasses import replace
from itertools import count

import numpy as np
import pytest
import torch

from atlas.errors import BadInput, UnknownFormat
from atlas.methods.activation_stream import ActivationStream, StreamSettings
from atlas.methods.dictionary_quality import measure_quality
from atlas.methods.stacked_transcoders import Scale, StackedTranscoders
from atlas.methods.train_dictionary import (
    TranscoderTraining,
    mlp_places,
    train_transcoders,
    transcoder_set,
)
from atlas.methods.train_end_to_end import EndToEndTraining, train_end_to_end
from atlas.models.activation_functions import JumpReLU, TopK

SMALL = TranscoderTraining(
    features=48,
    k=6,
    steps=150,
    k_start=12,
    learning_rate=5e-3,
    revive_every=30,
    dead_after_steps=20,
    checkpoint_every=50,
    stream=StreamSettings(batch_tokens=128, buffer_tokens=512, passes=2),
)


def sequences(seed: int = 0, rows: int = 16, length: int = 9):
    generator = np.random.default_rng(seed)
    for _ in count():
        ids = generator.integers(3, 40, (rows, length))
        ids[:, 0] = 0
        yield ids


def few(number: int, seed: int = 9):
    return [next(batch) for batch in [sequences(seed)] for _ in range(number)]


@pytest.fixture(scope="module")
def trained(tiny_model):
    return train_transcoders(tiny_model(), sequences(), SMALL)


def test_training_explains_most_of_each_layer_with_few_features(tiny_model, trained):
    quality = measure_quality(tiny_model(), trained, few(10))
    for layer in quality.layers:
        assert layer.unexplained_variance < 0.7
        assert 3 < layer.active_per_token < 9
    assert quality.tokens == 10 * 16 * 8


def test_decoder_rows_have_norm_one(trained):
    for coder in trained.layers:
        torch.testing.assert_close(coder.W_dec.norm(dim=-1), torch.ones(48), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("gate", "kind"), [("top_k", TopK), ("batch_top_k", JumpReLU)])
def test_each_gate_has_its_published_activation_function(tiny_model, gate, kind):
    settings = replace(SMALL, gate=gate, steps=40)
    result = train_transcoders(tiny_model(), sequences(), settings)
    assert isinstance(result.layers[0].activation, kind)
    active = result.encode(0, torch.randn(50, 24)).count_nonzero(-1)
    assert kind is JumpReLU or int(active.max()) <= 6


def test_equal_seeds_give_equal_transcoders(tiny_model):
    settings = replace(SMALL, steps=20)
    first, second = (train_transcoders(tiny_model(), sequences(), settings) for _ in range(2))
    assert torch.equal(first.layers[1].W_enc, second.layers[1].W_enc)


def test_training_goes_on_from_its_checkpoint(tiny_model, tmp_path):
    path = tmp_path / "run.safetensors"
    with pytest.raises(BadInput, match="enough for"):
        train_transcoders(tiny_model(), few(30), SMALL, path)
    seen = []
    train_transcoders(tiny_model(), sequences(), SMALL, path, seen.append)
    assert [progress.step for progress in seen] == [100, 150]


def test_a_file_that_is_no_checkpoint_is_refused(tiny_model, tmp_path):
    path = tmp_path / "run.safetensors"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(UnknownFormat):
        train_transcoders(tiny_model(), sequences(), SMALL, path)


def test_dead_features_are_restarted(tiny_model):
    torch.manual_seed(0)  # a feature may restart where it started
    stack = StackedTranscoders((1, 4, 3), (2,), "top_k")
    reads, writes = torch.randn(1, 10, 3), torch.randn(1, 10, 3)
    generator = torch.Generator().manual_seed(0)
    stack.start_from(reads, writes, generator)
    before = stack.decoder.detach().clone()
    reads = torch.eye(3)[None]
    stack.revive((torch.tensor([1, 3]),), reads, writes[:, :3], generator)
    changed = (stack.decoder != before).any(-1)[0]
    assert changed.tolist() == [False, True, False, True]


def test_no_two_dead_features_restart_on_one_token():
    stack = StackedTranscoders((1, 4, 3), (2,), "top_k")
    # One token holds nearly all of the error; with replacement it would be drawn every time.
    errors = torch.diag(torch.tensor([1e3, 1.0, 1.0]))[None]
    generator = torch.Generator().manual_seed(0)
    stack.revive((torch.tensor([0, 1, 2]),), torch.eye(3)[None], errors, generator)
    revived = stack.decoder[0, :3]
    assert (revived @ revived.T).fill_diagonal_(0).abs().max() == 0


def test_of_tokens_that_are_alike_one_feature_restarts():
    stack = StackedTranscoders((1, 4, 3), (2,), "top_k")
    reads = torch.tensor([[[1.0, 0.0, 0.0], [1.0, 0.1, 0.0], [0.0, 0.0, 1.0]]])
    dead = torch.tensor([0, 2, 3])
    (restarted,) = stack.revive((dead,), reads, torch.ones(1, 3, 3), torch.Generator())
    assert restarted.tolist() == [0, 2]
    assert stack.decoder[0].any(-1).tolist() == [True, False, True, False]


def test_weights_in_the_models_units_are_the_same_function():
    torch.manual_seed(0)
    inputs, outputs = 3 + 2 * torch.randn(2, 200, 5), 1 + 7 * torch.randn(2, 200, 5)
    scale = Scale.measure(inputs, outputs)
    stack = StackedTranscoders((2, 12, 5), (3, 3), "batch_top_k")
    stack.start_from(scale.inputs(inputs), scale.outputs(outputs), torch.Generator())
    stack.follow_threshold(stack.pre_activations(scale.inputs(inputs)), (3.0, 3.0), 1.0)
    stack.threshold *= 0.999  # off the activation that it was read from: rounding must not matter
    inside = stack.decode(stack.active(stack.pre_activations(scale.inputs(inputs))), 200)
    dictionary = transcoder_set(stack, scale)
    for layer, coder in enumerate(dictionary.layers):
        expected = inside[layer] * scale.output_size[layer] + scale.output_mean[layer]
        found = coder.decode(coder.encode(inputs[layer]))
        torch.testing.assert_close(found, expected.detach(), rtol=1e-4, atol=1e-4)


def test_the_threshold_lets_each_layers_k_features_per_token_through():
    torch.manual_seed(0)
    stack = StackedTranscoders((2, 40, 8), (4, 9), "batch_top_k")
    inputs = torch.randn(2, 64, 8)
    stack.start_from(inputs, inputs, torch.Generator())
    pre = stack.pre_activations(inputs)
    stack.follow_threshold(pre, (4.0, 9.0), 1.0)
    counts = torch.bincount(stack.active(pre).row // 64)
    assert counts.tolist() == pytest.approx([4 * 64, 9 * 64], abs=6)


def test_top_k_keeps_each_layers_own_number():
    stack = StackedTranscoders((2, 8, 3), (1, 3), "top_k")
    active = stack.active(torch.rand(2, 5, 8) + 1)
    assert torch.bincount(active.row).tolist() == [1] * 5 + [3] * 5


def test_k_is_one_number_or_one_per_layer(tiny_model):
    with pytest.raises(BadInput, match=r"for each of 3 layers; found \(4, 5\)"):
        train_transcoders(tiny_model(), sequences(), replace(SMALL, k=(4, 5)))


def test_a_revived_feature_is_silent_on_unlike_inputs():
    stack = StackedTranscoders((1, 4, 2), (2,), "top_k")
    reads, errors = torch.tensor([[[4.0, 0.0]]]), torch.tensor([[[0.0, 2.0]]])
    stack.revive((torch.tensor([0]),), reads, errors, torch.Generator())
    own, near, far = stack.pre_activations(torch.tensor([[[4.0, 0.0], [3.2, 2.4], [2.0, 3.0]]]))[0]
    assert own[0] == 2.0 and 0 < near[0] < 1.0 and far[0] < 0


@pytest.mark.parametrize("gate", ["top_k", "batch_top_k"])
def test_gradients_written_out_are_those_of_autograd(gate):
    torch.manual_seed(0)
    inputs, outputs = torch.randn(2, 30, 5), torch.randn(2, 30, 5)
    stack = StackedTranscoders((2, 12, 5), (3, 5), gate)
    stack.start_from(inputs, outputs, torch.Generator())
    active = stack.active(stack.pre_activations(inputs))
    stack.set_gradients(active, inputs, stack.decode(active, 30) - outputs)
    written = {name: parameter.grad for name, parameter in stack.named_parameters()}
    stack.zero_grad()
    mask = torch.zeros(2 * 30 * 12)
    mask[active.row * 12 + active.feature % 12] = 1.0
    pre = inputs @ stack.encoder.transpose(1, 2) + stack.encoder_bias[:, None]
    estimate = (pre * mask.view(2, 30, 12)) @ stack.decoder + stack.decoder_bias[:, None]
    (estimate - outputs).pow(2).mean((1, 2)).sum().backward()
    for name, parameter in stack.named_parameters():
        torch.testing.assert_close(written[name], parameter.grad, rtol=1e-4, atol=1e-6)


def test_position_0_and_padding_are_left_out(tiny_model):
    model = tiny_model()
    settings = StreamSettings(batch_tokens=100, pad_id=2)
    stream = ActivationStream(model, [], mlp_places(model), settings)
    found = stream.read(np.array([[0, 5, 6, 2], [0, 7, 2, 2]]))
    assert found.shape == (2 * model.layers, 3, model.d_model)


def test_training_end_to_end_brings_the_replaced_model_closer(tiny_model, trained):
    model, held_out = tiny_model(), few(10)
    before = measure_quality(model, trained, held_out)
    settings = EndToEndTraining(steps=40, learning_rate=3e-3, reconstruction_weight=0.1)
    together = train_end_to_end(model, trained, sequences(3), settings)
    after = measure_quality(model, together, held_out)
    assert after.divergence < 0.9 * before.divergence
    assert torch.allclose(together.layers[0].W_dec.norm(dim=-1), torch.ones(48), atol=1e-5)


def test_batches_that_end_early_are_refused(tiny_model, trained):
    with pytest.raises(BadInput, match="batches for 60 steps"):
        train_end_to_end(tiny_model(), trained, few(2), EndToEndTraining(steps=60))
