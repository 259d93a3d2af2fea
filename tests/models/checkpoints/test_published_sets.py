"""Transcoders in the files in which others publish them, written here by hand."""

from __future__ import annotations

import huggingface_hub.constants
import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import save_file

from atlas.errors import ModelError, ModelUnavailable, UnknownFormat
from atlas.models.checkpoints import circuit_tracer
from atlas.models.loading import read_dictionary
from atlas.models.sites import Site

FEATURES, WIDTH, LAYERS = 6, 4, 2
X = torch.randn(7, WIDTH, generator=torch.Generator().manual_seed(9))


def random(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def write_config(folder, files, **changes):
    config = {
        "model_name": "google/gemma-2-2b",
        "model_kind": "transcoder_set",
        "feature_input_hook": "ln2.hook_normalized",
        "feature_output_hook": "hook_mlp_out",
        "scan": "owner/set",
        "transcoders": files,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config | changes))


def gemma_scope(layer, letters=str.upper, **more):
    """A layer's parameters as GemmaScope names and turns them: encoder [d_model, feature]."""
    return {
        letters("w") + "_enc": random(WIDTH, FEATURES, seed=layer),
        letters("w") + "_dec": random(FEATURES, WIDTH, seed=10 + layer),
        "b_enc": random(FEATURES, seed=20 + layer),
        "b_dec": random(WIDTH, seed=30 + layer),
        "threshold": random(FEATURES, seed=40 + layer).abs(),
        **more,
    }


def encoded(parameters, x=X):
    encoder = parameters.get("W_enc", parameters.get("w_enc"))
    pre = x @ encoder + parameters["b_enc"]
    return torch.relu(pre) * (pre > parameters["threshold"])


def write_npz(path, parameters):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{name: tensor.numpy() for name, tensor in parameters.items()})


def write_hub_file(cache, monkeypatch, repository, inside):
    """The path at which the hub's local cache keeps a file of a repository's newest commit."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    folder = cache / f"models--{repository.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    (folder / "refs" / "main").write_text("0" * 40)
    path = folder / "snapshots" / ("0" * 40) / inside
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_gemma_scope_transcoders_are_read_from_the_hubs_cache(tmp_path, monkeypatch):
    repository, files = "google/gemma-scope-2b-pt-transcoders", []
    for layer in range(LAYERS):
        inside = f"layer_{layer}/width_16k/average_l0_7{layer}/params.npz"
        path = write_hub_file(tmp_path / "cache", monkeypatch, repository, inside)
        write_npz(path, gemma_scope(layer))
        files.append(f"hf://{repository}/{inside}")
    write_config(tmp_path, files)
    read = read_dictionary(tmp_path)
    assert read.feature_input is Site.MLP_NORMALIZED
    assert (read.model_name, read.layer_numbers) == ("google/gemma-2-2b", (0, 1))
    for layer in range(LAYERS):
        parameters = gemma_scope(layer)
        active = read.encode(layer, X)
        torch.testing.assert_close(active, encoded(parameters))
        expected = active @ parameters["W_dec"] + parameters["b_dec"]
        torch.testing.assert_close(read.reconstruct(layer, {layer: active}, X), expected)


def test_a_file_that_the_cache_lacks_is_named(tmp_path, monkeypatch):
    write_hub_file(tmp_path / "cache", monkeypatch, "owner/set", "other").write_text("")
    write_config(tmp_path, ["hf://owner/set/layer_0.safetensors"])
    with pytest.raises(ModelUnavailable, match="hf://owner/set/layer_0.safetensors: expected"):
        circuit_tracer.load(tmp_path)


def test_gemma_scope_2_transcoders_add_x_times_their_affine_skip(tmp_path):
    skip = random(WIDTH, WIDTH, seed=50)
    for layer in range(LAYERS):
        parameters = gemma_scope(layer, str.lower, affine_skip_connection=skip)
        (tmp_path / f"layer_{layer}").mkdir()
        save_file(parameters, tmp_path / f"layer_{layer}" / "params.safetensors")
    files = [f"layer_{layer}/params.safetensors" for layer in range(LAYERS)]
    write_config(tmp_path, files, feature_input_hook="mlp.hook_in")
    read = read_dictionary(tmp_path)
    active = {1: read.encode(1, X)}
    torch.testing.assert_close(active[1], encoded(parameters))
    expected = active[1] @ parameters["w_dec"] + parameters["b_dec"] + X @ skip
    torch.testing.assert_close(read.reconstruct(1, active, X), expected)


@pytest.mark.parametrize("every_layer", [True, False])
def test_gemma_scope_2_cross_layer_transcoders_write_to_later_layers(every_layer, tmp_path):
    decoders = [random(FEATURES, LAYERS - layer, WIDTH, seed=60 + layer) for layer in range(LAYERS)]
    for layer, decoder in enumerate(decoders):
        if every_layer:
            decoder = torch.cat([torch.zeros(FEATURES, layer, WIDTH), decoder], dim=1)
        parameters = gemma_scope(layer, str.lower, w_dec=decoder)
        save_file(parameters, tmp_path / f"params_layer_{layer}.safetensors")
    files = [f"params_layer_{layer}.safetensors" for layer in range(LAYERS)]
    write_config(tmp_path, files, model_kind="cross_layer_transcoder")
    read = read_dictionary(tmp_path)
    active = {layer: read.encode(layer, X) for layer in range(LAYERS)}
    expected = active[0] @ decoders[0][:, 1] + active[1] @ decoders[1][:, 0] + parameters["b_dec"]
    torch.testing.assert_close(read.reconstruct(1, active, X), expected)


def test_a_decoder_to_earlier_layers_is_refused(tmp_path):
    for layer in range(LAYERS):
        parameters = gemma_scope(layer, str.lower, w_dec=torch.ones(FEATURES, LAYERS, WIDTH))
        save_file(parameters, tmp_path / f"params_layer_{layer}.safetensors")
    files = [f"params_layer_{layer}.safetensors" for layer in range(LAYERS)]
    write_config(tmp_path, files, model_kind="cross_layer_transcoder")
    with pytest.raises(ModelError, match="zeros for earlier layers"):
        circuit_tracer.load(tmp_path)


def test_sets_as_published_for_llama_and_qwen_are_read(tmp_path, monkeypatch):
    """Half precision, ReLU without a word about it, a skip connection, files listed on the hub."""
    skip, files = random(WIDTH, WIDTH, seed=7), []
    for layer in range(LAYERS):
        path = write_hub_file(
            tmp_path / "cache", monkeypatch, "owner/set", f"layer_{layer}.safetensors"
        )
        tensors = {
            "W_enc": random(FEATURES, WIDTH, seed=layer),
            "W_dec": random(FEATURES, WIDTH, seed=10 + layer),
            "b_enc": random(FEATURES, seed=20 + layer),
            "b_dec": random(WIDTH, seed=30 + layer),
            "W_skip": skip,
        }
        tensors = {name: tensor.bfloat16() for name, tensor in tensors.items()}
        save_file(tensors, path)
        files.append(f"hf://owner/set/layer_{layer}.safetensors?revision=main")
    write_config(tmp_path, files, feature_input_hook="mlp.hook_in", model_name="Qwen/Qwen3-4B")
    read = read_dictionary(tmp_path)
    assert read.coder(1).W_dec.dtype == torch.bfloat16  # mapped from the file, not copied
    assert read.to(X.device, torch.float32).coder(1).W_dec.dtype == torch.bfloat16
    active = {1: read.encode(1, X)}
    wide = {name: tensor.float() for name, tensor in tensors.items()}
    torch.testing.assert_close(active[1], torch.relu(X @ wide["W_enc"].T + wide["b_enc"]))
    expected = active[1] @ wide["W_dec"] + wide["b_dec"] + X @ wide["W_skip"].T
    torch.testing.assert_close(read.reconstruct(1, active, X), expected)


@pytest.mark.parametrize(
    ("files", "error", "message"),
    [
        (["../outside.safetensors"], UnknownFormat, "paths inside the folder"),
        (["hf://owner/name"], UnknownFormat, "hf://owner/name/path"),
        ([{"layer": 0}], UnknownFormat, "a list of files"),
        (["layer_0.pt"], UnknownFormat, "a pickle, which may run code"),
        (["absent.npz"], ModelUnavailable, "no such file"),
        (["broken.npz"], UnknownFormat, "a whole .npz file"),
        (["objects.npz"], UnknownFormat, "a whole .npz file of numbers"),
        (["short.npz"], ModelError, r"W_dec: expected shape \(6, 4\); found \(5, 4\)"),
        (["whole.npz", "wide.npz"], ModelError, r"layers of one width; found widths \[4, 8\]"),
    ],
)
def test_what_cannot_be_read_is_named_in_one_line(files, error, message, tmp_path):
    parameters = gemma_scope(0)
    write_npz(tmp_path / "whole.npz", parameters)
    content = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "broken.npz").write_bytes(content[: len(content) // 2])
    (tmp_path / "layer_0.pt").write_bytes(b"never opened")
    np.savez(tmp_path / "objects.npz", W_enc=np.array([{}], dtype=object))
    write_npz(tmp_path / "short.npz", parameters | {"W_dec": parameters["W_dec"][:5]})
    wide = {name: torch.cat([value, value]) for name, value in parameters.items()}
    wide = {**wide, "b_enc": parameters["b_enc"], "threshold": parameters["threshold"]}
    wide["W_dec"] = torch.cat([parameters["W_dec"], parameters["W_dec"]], dim=1)
    write_npz(tmp_path / "wide.npz", wide)
    write_config(tmp_path, files)
    with pytest.raises(error, match=message) as caught:
        circuit_tracer.load(tmp_path)
    assert "\n" not in str(caught.value)
