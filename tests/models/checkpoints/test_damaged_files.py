"""Whatever is wrong with files that others wrote is an error of ours, in one line."""

from __future__ import annotations

import json

import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as some
from safetensors.torch import save

from atlas.errors import AtlasError, UnknownFormat
from atlas.models.checkpoints import circuit_tracer, saelens

FEATURES, WIDTH = 3, 4
TENSORS = {
    "W_enc": torch.ones(FEATURES, WIDTH),
    "W_dec": torch.ones(FEATURES, WIDTH),
    "b_enc": torch.ones(FEATURES),
    "b_dec": torch.ones(WIDTH),
}
CONFIG = {
    "model_name": "m",
    "model_kind": "transcoder_set",
    "feature_input_hook": "mlp.hook_in",
    "feature_output_hook": "mlp.hook_out",
    "activation": "topk",
    "k": 2,
}
SETTINGS = {
    "architecture": "topk",
    "d_in": WIDTH,
    "d_sae": FEATURES,
    "k": 2,
    "metadata": {"hook_name": "blocks.0.hook_resid_post"},
}
ANYTHING = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(-3, 9),
    some.floats(),
    some.text(max_size=5),
    some.lists(some.integers(), max_size=2),
    some.dictionaries(some.text(max_size=3), some.integers(), max_size=2),
)


@pytest.fixture(scope="module")
def transcoders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("transcoders")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    return folder


@pytest.fixture(scope="module")
def autoencoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("autoencoder")
    turned = TENSORS | {"W_enc": TENSORS["W_enc"].T.contiguous()}
    (folder / "sae_weights.safetensors").write_bytes(save(turned))
    return folder


def read_or_refuse(load, folder):
    """Whether it could be read; anything but one line of ours fails the test."""
    try:
        load(folder)
    except AtlasError as error:
        assert "\n" not in str(error)
        return False
    return True


@settings(max_examples=50, deadline=None)
@given(some.data())
def test_bytes_changed_or_cut_off(transcoders, data):
    whole = save(TENSORS)
    cut = data.draw(some.integers(0, len(whole)))
    place, byte = data.draw(some.integers(0, len(whole) - 1)), data.draw(some.integers(0, 255))
    content = bytearray(whole)
    content[place] = byte
    (transcoders / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    (transcoders / "layer_0.safetensors").write_bytes(bytes(content[:cut]))
    readable = read_or_refuse(circuit_tracer.load, transcoders)
    assert cut == len(whole) or not readable


@pytest.mark.parametrize("text", ["a: [", "[" * 9000, "\x00", "2026-99-99"])
def test_text_that_is_no_config_is_refused_in_one_line(transcoders, text):
    (transcoders / "config.yaml").write_text(text)
    with pytest.raises(UnknownFormat) as refused:
        circuit_tracer.load(transcoders)
    assert "\n" not in str(refused.value)


@settings(max_examples=50, deadline=None)
@given(some.sampled_from([*CONFIG, "transcoders"]), ANYTHING)
def test_any_value_in_config_yaml(transcoders, key, value):
    (transcoders / "layer_0.safetensors").write_bytes(save(TENSORS))
    (transcoders / "config.yaml").write_text(yaml.safe_dump(CONFIG | {key: value}))
    read_or_refuse(circuit_tracer.load, transcoders)


@settings(max_examples=50, deadline=None)
@given(some.sampled_from([*SETTINGS, "normalize_activations", "d_out"]), ANYTHING)
def test_any_value_in_cfg_json(autoencoder, key, value):
    (autoencoder / "cfg.json").write_text(json.dumps(SETTINGS | {key: value}))
    read_or_refuse(saelens.load, autoencoder)


def test_the_undamaged_files_can_be_read(transcoders, autoencoder):
    (transcoders / "layer_0.safetensors").write_bytes(save(TENSORS))
    (transcoders / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    (autoencoder / "cfg.json").write_text(json.dumps(SETTINGS))
    assert read_or_refuse(circuit_tracer.load, transcoders)
    assert read_or_refuse(saelens.load, autoencoder)
