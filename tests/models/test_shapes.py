"""Sizes of models and dictionaries, read without their weights."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors import safe_open

from atlas.errors import UnknownFormat
from atlas.models.checkpoints import circuit_tracer
from atlas.models.language_model import LanguageModel
from atlas.models.shapes import dictionary_shape, model_shape
from tests.models import tiny_models


def stored_bytes(folder):
    """The tensors' bytes as safetensors itself reads them."""
    total = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "pt") as tensors:
            total += sum(tensors.get_tensor(name).nbytes for name in tensors.keys())  # noqa: SIM118
    return total


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_a_models_sizes_are_those_of_its_files(family, tmp_path):
    folder = tiny_models.save_model(tmp_path, family)
    shape = model_shape(folder)
    assert sum(each.bytes for each in shape.tensors) == stored_bytes(folder)
    assert (shape.layers, shape.d_model, shape.heads) == (3, tiny_models.D_MODEL, 4)
    assert shape.d_vocab == len(tiny_models.WORDS)
    assert shape.post_norms == family.startswith(("gemma", "olmo2"))


@pytest.mark.parametrize("family", ["llama", "gemma2", "qwen3"])
def test_without_weights_the_config_tells_the_matrices(family, tmp_path):
    folder = tiny_models.save_model(tmp_path, family)
    whole = model_shape(folder)
    (folder / "model.safetensors").unlink()
    told = sum(each.numbers for each in model_shape(folder).matrices)
    assert told == sum(each.numbers for each in whole.matrices)


def test_a_dictionarys_sizes_are_those_of_its_files(tmp_path):
    model = LanguageModel.load(str(tiny_models.save_model(tmp_path / "model")))
    circuit_tracer.save(tiny_models.random_transcoders(model), tmp_path / "transcoders", "")
    shape = dictionary_shape(tmp_path / "transcoders")
    assert sum(each.bytes for each in shape.tensors) == stored_bytes(tmp_path / "transcoders")
    assert shape.features == tiny_models.FEATURES


def test_archives_are_measured_too(tmp_path):
    arrays = {"W_enc": np.zeros((4, 6), np.float32), "b_enc": np.zeros(6, np.float16)}
    for save, name in ((np.savez, "plain"), (np.savez_compressed, "compressed")):
        save(tmp_path / f"{name}.npz", **arrays)
    assert sum(each.bytes for each in dictionary_shape(tmp_path).tensors) == 2 * (96 + 12)


def test_a_folder_without_files_has_no_sizes(tmp_path):
    assert dictionary_shape(tmp_path) is None


@pytest.mark.parametrize(
    "config", ["{", "[]", json.dumps({"vocab_size": 3}), json.dumps({"hidden_size": "wide"})]
)
def test_a_config_that_describes_no_transformer_is_refused(config, tmp_path):
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(UnknownFormat, match="a transformer's config"):
        model_shape(tmp_path)


@pytest.mark.parametrize(("word", "size"), [("num_hidden_layers", 10**9), ("vocab_size", -1)])
def test_sizes_that_no_transformer_has_are_refused_before_anything_is_listed(word, size, tmp_path):
    config = dict.fromkeys(("num_hidden_layers", "hidden_size", "num_attention_heads"), 1)
    (tmp_path / "config.json").write_text(json.dumps({**config, "vocab_size": 3, word: size}))
    with pytest.raises(UnknownFormat, match=f"{word}: {size}"):
        model_shape(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 8, b"\x02" + bytes(7) + b"[]", b"\x04" + bytes(7) + b'{"a"']
)
def test_a_broken_file_is_refused(content, tmp_path):
    (tmp_path / "broken.safetensors").write_bytes(content)
    with pytest.raises(UnknownFormat, match=r"broken\.safetensors"):
        dictionary_shape(tmp_path)
