from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from atlas.errors import ModelError, ModelUnavailable, UnknownFormat
from atlas.models.checkpoints import gemma_scope_2
from atlas.models.dictionaries import SparseAutoencoderSet, TranscoderSet
from atlas.models.loading import read_dictionary
from atlas.models.sites import Site

FEATURES, WIDTH = 6, 4
X = torch.randn(5, WIDTH, generator=torch.Generator().manual_seed(3))
BEFORE, AFTER = "pre_feedforward_layernorm.output", "post_feedforward_layernorm.output"


def write(folder, layer, reads=BEFORE, writes=AFTER, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "architecture": "jump_relu",
        "model_name": "google/gemma-3-1b-pt",
        "hf_hook_point_in": f"model.layers.{layer}.{reads}",
        "hf_hook_point_out": f"model.layers.{layer}.{writes}",
        "width": FEATURES,
        "l0": 2,
    }
    (folder / "config.json").write_text(json.dumps(config | changes))
    generator = torch.Generator().manual_seed(layer)
    tensors = {
        "w_enc": torch.randn(WIDTH, FEATURES, generator=generator),
        "w_dec": torch.randn(FEATURES, WIDTH, generator=generator),
        "b_enc": torch.randn(FEATURES, generator=generator),
        "b_dec": torch.randn(WIDTH, generator=generator),
        "threshold": torch.rand(FEATURES, generator=generator),
    }
    if reads != writes:
        tensors["affine_skip_connection"] = torch.randn(WIDTH, WIDTH, generator=generator)
    save_file(tensors, folder / "params.safetensors")
    return tensors


def test_transcoders_are_read_with_their_affine_skip(tmp_path):
    tensors = [write(tmp_path / f"layer_{n}_width_16k_l0_small_affine", n) for n in (0, 1)][1]
    read = read_dictionary(tmp_path)
    assert isinstance(read, TranscoderSet)
    assert (read.feature_input, read.feature_output) == (Site.MLP_INPUT, Site.MLP_WRITE)
    assert read.model_name == "google/gemma-3-1b-pt"
    pre = X @ tensors["w_enc"] + tensors["b_enc"]
    active = {1: torch.relu(pre) * (pre > tensors["threshold"])}
    torch.testing.assert_close(read.encode(1, X), active[1])
    expected = active[1] @ tensors["w_dec"] + tensors["b_dec"]
    expected = expected + X @ tensors["affine_skip_connection"]
    torch.testing.assert_close(read.reconstruct(1, active, X), expected)


def test_autoencoders_of_some_layers_are_read(tmp_path):
    for layer in (3, 7):
        write(tmp_path / f"layer_{layer}_width_16k_l0_small", layer, "output", "output")
    read = gemma_scope_2.load(tmp_path, "residual")
    assert isinstance(read, SparseAutoencoderSet)
    assert (read.layer_numbers, read.feature_input) == ((3, 7), Site.RESIDUAL_AFTER)


def test_a_folder_of_one_layer_and_a_missing_place_to_write(tmp_path):
    write(tmp_path, 2, "output", "output", hf_hook_point_out=None)
    assert read_dictionary(tmp_path).layer_numbers == (2,)


def test_a_missing_layer_of_transcoders_is_an_error(tmp_path):
    write(tmp_path / "layer_1", 1)
    with pytest.raises(ModelUnavailable, match=r"transcoders 0 to 1; found only \[1\]"):
        gemma_scope_2.load(tmp_path)
    with pytest.raises(ModelUnavailable, match="config.json beside params.safetensors"):
        gemma_scope_2.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hf_hook_point_in": "model.layers.0.self_attn.o_proj.input"}, "hf_hook_point_in"),
        ({"hf_hook_point_out": f"model.layers.4.{AFTER}"}, "where layer 0 is rebuilt"),
        ({"hf_hook_point_in": "model.layers.0.output"}, "where layer 0 is rebuilt"),
        ({"architecture": "topk"}, "jump_relu"),
    ],
)
def test_other_places_and_architectures_are_refused(changes, message, tmp_path):
    write(tmp_path, 0, **changes)
    with pytest.raises(UnknownFormat, match=message):
        gemma_scope_2.load(tmp_path)


def test_layers_that_do_not_fit_together_are_refused(tmp_path):
    write(tmp_path / "one", 0)
    write(tmp_path / "two", 1, model_name="google/gemma-3-4b-pt")
    with pytest.raises(ModelError, match="layers of one kind, for one model"):
        gemma_scope_2.load(tmp_path)
    write(tmp_path / "two", 0)
    with pytest.raises(ModelError, match="a second for layer 0"):
        gemma_scope_2.load(tmp_path)
