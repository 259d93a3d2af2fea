from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from atlas.errors import ModelError, ModelUnavailable, UnknownFormat
from atlas.models.activation_functions import JumpReLU, ReLU, TopK
from atlas.models.checkpoints import circuit_tracer
from atlas.models.coders import CrossLayerCoder, Skip
from atlas.models.dictionaries import CrossLayerTranscoder
from atlas.models.sites import Site

LAYERS, FEATURES, WIDTH = 3, 5, 4


def cross_layer(activation=None, skip=None):
    generator = torch.Generator().manual_seed(0)
    coders = [
        CrossLayerCoder(
            torch.randn(FEATURES, WIDTH, generator=generator),
            torch.randn(FEATURES, generator=generator),
            torch.randn(FEATURES, LAYERS - layer, WIDTH, generator=generator),
            torch.randn(WIDTH, generator=generator),
            activation or JumpReLU(torch.rand(FEATURES, generator=generator)),
            skip,
        )
        for layer in range(LAYERS)
    ]
    return CrossLayerTranscoder("c", Site.RESIDUAL_MIDDLE, Site.MLP_WRITE, tuple(coders))


def inputs():
    return torch.randn(LAYERS, 6, WIDTH, generator=torch.Generator().manual_seed(1))


def estimates(dictionary, x):
    active = {layer: dictionary.encode(layer, x[layer]) for layer in range(LAYERS)}
    return torch.stack([dictionary.reconstruct(at, active, x[at]) for at in range(LAYERS)])


@pytest.mark.parametrize("activation", [None, ReLU()])
@pytest.mark.parametrize("skip", [None, Skip(torch.arange(16.0).reshape(4, 4))])
def test_what_is_written_is_read_back_the_same(activation, skip, tmp_path):
    written = cross_layer(activation, skip)
    circuit_tracer.save(written, tmp_path, model_name="owner/small")
    read = circuit_tracer.load(tmp_path, "c")
    assert isinstance(read, CrossLayerTranscoder)
    assert (read.feature_input, read.feature_output) == (Site.RESIDUAL_MIDDLE, Site.MLP_WRITE)
    assert read.model_name == "owner/small"
    assert torch.equal(estimates(read, inputs()), estimates(written, inputs()))


def test_the_files_are_those_that_are_published(tmp_path):
    """Estimates written out from the published tensors: decoders by layer, skips as x W_skip."""
    circuit_tracer.save(cross_layer(skip=Skip(torch.randn(4, 4))), tmp_path, "m")
    config = yaml.safe_load((tmp_path / "config.yaml").read_text())
    assert config["model_kind"] == "cross_layer_transcoder"
    x, expected = inputs(), torch.zeros(LAYERS, 6, WIDTH)
    for i in range(LAYERS):
        encoder = load_file(tmp_path / f"W_enc_{i}.safetensors")
        decoder = load_file(tmp_path / f"W_dec_{i}.safetensors")[f"W_dec_{i}"]
        assert decoder.shape == (FEATURES, LAYERS - i, WIDTH)
        pre = x[i] @ encoder[f"W_enc_{i}"].T + encoder[f"b_enc_{i}"]
        active = pre * (pre > encoder[f"threshold_{i}"])
        expected[i] += encoder[f"b_dec_{i}"] + x[i] @ encoder[f"W_skip_{i}"]
        for after in range(LAYERS - i):
            expected[i + after] += active @ decoder[:, after]
    found = estimates(circuit_tracer.load(tmp_path), x)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_an_own_bias_of_a_skip_goes_into_the_decoders(tmp_path):
    written = cross_layer(skip=Skip(torch.ones(4, 4), torch.arange(4.0)))
    circuit_tracer.save(written, tmp_path, "m")
    found = estimates(circuit_tracer.load(tmp_path), inputs())
    torch.testing.assert_close(found, estimates(written, inputs()), atol=1e-5, rtol=1e-5)


def test_decoders_for_too_few_layers_are_refused(tmp_path):
    circuit_tracer.save(cross_layer(), tmp_path, "m")
    path = tmp_path / "W_dec_0.safetensors"
    save_file({"W_dec_0": load_file(path)["W_dec_0"][:, :2].contiguous()}, path)
    with pytest.raises(ModelError, match=r"W_dec: expected shape \(5, 3, 4\); found \(5, 2, 4\)"):
        circuit_tracer.load(tmp_path)
    coders = cross_layer().layers
    with pytest.raises(ModelError, match="from each of 2 layers to itself and all later"):
        replace(cross_layer(), layers=coders[:2])


def test_missing_and_broken_files_are_errors(tmp_path):
    circuit_tracer.save(cross_layer(), tmp_path, "m")
    path = tmp_path / "W_dec_1.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnknownFormat, match=r"W_dec_1.safetensors: expected a whole safetensors"):
        circuit_tracer.load(tmp_path)
    path.unlink()
    with pytest.raises(ModelUnavailable, match=r"W_dec_1.safetensors"):
        circuit_tracer.load(tmp_path)
    (tmp_path / "W_enc_1.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match=r"layers 0 to 2; found only \[0, 2\]"):
        circuit_tracer.load(tmp_path)


@pytest.mark.parametrize("function", [TopK(2), TopK(2, rectified=True)])
def test_topk_across_layers_is_of_a_kind_that_others_refuse(function, tmp_path):
    """circuit-tracer tells kinds by these names, and takes what has no thresholds for ReLU."""
    written = cross_layer(function)
    circuit_tracer.save(written, tmp_path, "m")
    config = yaml.safe_load((tmp_path / "config.yaml").read_text())
    assert config["model_kind"] not in ("transcoder_set", "cross_layer_transcoder")
    read = circuit_tracer.load(tmp_path)
    assert [coder.activation for coder in read.layers] == [function] * LAYERS
    assert torch.equal(estimates(read, inputs()), estimates(written, inputs()))


def test_each_layer_across_layers_has_a_function_of_its_own(tmp_path):
    plain = cross_layer()
    functions = (TopK(3), plain.layers[1].activation, ReLU())
    pairs = zip(plain.layers, functions, strict=True)
    layers = tuple(replace(coder, activation=function) for coder, function in pairs)
    circuit_tracer.save(replace(plain, layers=layers), tmp_path, "m")
    read = circuit_tracer.load(tmp_path)
    assert torch.equal(
        estimates(read, inputs()), estimates(replace(plain, layers=layers), inputs())
    )


def test_topk_that_a_published_config_names_is_not_taken_for_relu(tmp_path):
    written = cross_layer(ReLU())
    circuit_tracer.save(written, tmp_path, "m")
    path = tmp_path / "config.yaml"
    path.write_text(
        yaml.safe_dump({**yaml.safe_load(path.read_text()), "activation": "topk", "k": 2})
    )
    assert circuit_tracer.load(tmp_path).layers[0].activation == TopK(2)
