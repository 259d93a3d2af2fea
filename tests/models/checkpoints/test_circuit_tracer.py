from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from atlas.errors import ModelError, ModelUnavailable, UnknownFormat
from atlas.models.activation_functions import BatchTopK, Gated, JumpReLU, ReLU, TopK
from atlas.models.checkpoints import circuit_tracer
from atlas.models.coders import Skip, Transcoder
from atlas.models.dictionaries import TranscoderSet
from atlas.models.sites import Site

ACTIVATIONS = [
    ReLU(),
    JumpReLU(torch.tensor([0.1, 0.2, 0.3])),
    TopK(2),
    TopK(2, rectified=True),
    BatchTopK(0.25),
    Gated(torch.tensor([0.5, 1.0, 2.0]), torch.tensor([-0.5, 0.25, -1.0])),
]


def transcoders(activation, layers=2):
    generator = torch.Generator().manual_seed(0)
    random = [
        Transcoder(
            torch.randn(3, 4, generator=generator),
            torch.randn(3, generator=generator),
            torch.randn(3, 4, generator=generator),
            torch.randn(4, generator=generator),
            activation,
        )
        for _ in range(layers)
    ]
    return TranscoderSet("tiny", Site.MLP_INPUT, Site.MLP_OUTPUT, tuple(random))


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda activation: activation.name())
def test_written_transcoders_are_read_back_the_same(activation, tmp_path):
    written = transcoders(activation)
    circuit_tracer.save(written, tmp_path, model_name="tiny-model")
    read = circuit_tracer.load(tmp_path, "tiny")
    assert (read.name, read.feature_input, read.feature_output) == (
        "tiny",
        Site.MLP_INPUT,
        Site.MLP_OUTPUT,
    )
    x = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
    for layer in range(2):
        assert torch.equal(read.encode(layer, x), written.encode(layer, x))
        assert torch.equal(read.coder(layer).W_dec, written.coder(layer).W_dec)
        assert torch.equal(read.coder(layer).b_dec, written.coder(layer).b_dec)


@pytest.mark.parametrize("first", ACTIVATIONS, ids=lambda activation: activation.name())
@pytest.mark.parametrize("second", [*ACTIVATIONS, TopK(1), TopK(9)], ids=repr)
def test_layers_may_differ_in_their_functions(first, second, tmp_path):
    plain = transcoders(first)
    layers = (plain.layers[0], replace(plain.layers[1], activation=second))
    written = replace(plain, layers=layers)
    clipped = {each.rectified for each in (first, second) if isinstance(each, TopK)}
    if len(clipped) > 1:
        with pytest.raises(ModelError, match="clipped at 0 in all layers, or in none"):
            circuit_tracer.save(written, tmp_path, model_name="m")
        return
    circuit_tracer.save(written, tmp_path, model_name="m")
    read = circuit_tracer.load(tmp_path)
    x = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
    for layer in range(2):
        assert torch.equal(read.encode(layer, x), written.encode(layer, x))


def test_writing_twice_gives_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        circuit_tracer.save(transcoders(TopK(2)), tmp_path / name, model_name="m")
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()


def test_a_missing_layer_is_an_error(tmp_path):
    circuit_tracer.save(transcoders(ReLU(), layers=3), tmp_path, model_name="m")
    (tmp_path / "layer_1.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match=r"layers 0 to 2; found only \[0, 2\]"):
        circuit_tracer.load(tmp_path)


def test_a_truncated_file_is_an_error(tmp_path):
    circuit_tracer.save(transcoders(ReLU()), tmp_path, model_name="m")
    path = tmp_path / "layer_0.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(UnknownFormat, match="a whole safetensors file"):
        circuit_tracer.load(tmp_path)


def test_nan_and_wrong_shapes_are_errors(tmp_path):
    circuit_tracer.save(transcoders(ReLU()), tmp_path, model_name="m")
    path = tmp_path / "layer_0.safetensors"
    weights = load_file(path)
    save_file({**weights, "b_enc": torch.full((3,), float("nan"))}, path)
    with pytest.raises(ModelError, match="b_enc: expected finite numbers"):
        circuit_tracer.load(tmp_path)
    save_file({**weights, "b_dec": torch.zeros(5)}, path)
    with pytest.raises(ModelError, match=r"b_dec: expected shape \(4,\); found \(5,\)"):
        circuit_tracer.load(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model_kind", "crosscoder"),
        ("feature_input_hook", "hook_q"),
        ("activation", "softmax"),
    ],
)
def test_an_unknown_setting_is_named(key, value, tmp_path):
    circuit_tracer.save(transcoders(ReLU()), tmp_path, model_name="m")
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), key: value}))
    with pytest.raises(UnknownFormat, match=key):
        circuit_tracer.load(tmp_path)


def test_a_skip_connection_is_read_and_written(tmp_path):
    plain = transcoders(ReLU())
    weight = torch.randn(4, 4, generator=torch.Generator().manual_seed(2))
    coders = tuple(replace(coder, skip=Skip(weight)) for coder in plain.layers)
    circuit_tracer.save(replace(plain, layers=coders), tmp_path, model_name="m")
    assert torch.equal(load_file(tmp_path / "layer_1.safetensors")["W_skip"], weight)
    read = circuit_tracer.load(tmp_path)
    x = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
    active = {1: read.encode(1, x)}
    expected = plain.reconstruct(1, active, x) + x @ weight.T
    torch.testing.assert_close(read.reconstruct(1, active, x), expected)


def test_a_skip_connections_own_bias_is_written_with_the_decoders(tmp_path):
    plain = transcoders(ReLU())
    skip = Skip(torch.ones(4, 4), torch.full((4,), 2.0))
    written = replace(plain, layers=tuple(replace(each, skip=skip) for each in plain.layers))
    circuit_tracer.save(written, tmp_path, model_name="m")
    read = circuit_tracer.load(tmp_path)
    assert torch.equal(read.coder(0).b_dec, plain.coder(0).b_dec + 2.0)
    x, none = torch.randn(5, 4), {0: torch.zeros(5, 3)}
    torch.testing.assert_close(read.reconstruct(0, none, x), written.reconstruct(0, none, x))


def test_a_skip_connection_of_the_wrong_shape_is_refused(tmp_path):
    circuit_tracer.save(transcoders(ReLU()), tmp_path, model_name="m")
    path = tmp_path / "layer_0.safetensors"
    save_file({**load_file(path), "W_skip": torch.zeros(4, 3)}, path)
    with pytest.raises(ModelError, match=r"W_skip: expected shape \(4, 4\); found \(4, 3\)"):
        circuit_tracer.load(tmp_path)
