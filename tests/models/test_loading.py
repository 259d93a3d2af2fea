from __future__ import annotations

import pytest
import torch
import yaml

from atlas.entries.digests import folder_digest
from atlas.errors import (
    BrokenReference,
    DigestMismatch,
    ModelError,
    ModelUnavailable,
    UnknownFormat,
)
from atlas.models.checkpoints import circuit_tracer
from atlas.models.language_model import LanguageModel
from atlas.models.loading import load_dictionary, load_model, read_dictionary
from tests.models import tiny_models


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    root = tmp_path_factory.mktemp("library")
    tiny_models.save_model(root / "weights")
    model = LanguageModel.load(str(root / "weights"))
    circuit_tracer.save(tiny_models.random_transcoders(model), root / "transcoders", "tiny")
    (root / "models").mkdir()
    return root


def write_entry(library, **weights):
    digest = {"sha256": folder_digest(library / "weights")}
    entry = {
        "schema_version": 1,
        "id": "tiny",
        "name": "Tiny",
        "kind": "microworld",
        "architecture": "llama",
        "parameters": 1000,
        "layers": 3,
        "d_model": 24,
        "heads": 4,
        "d_vocab": 40,
        "context": 32,
        "licence": "MIT",
        "weights": weights or {"folder": "weights", **digest},
        "resources": {"gpus": 0, "memory_gb": 1, "minutes": 1},
        "languages": ["en"],
        "dictionaries": [
            {
                "id": "coders",
                "kind": "transcoder",
                "format": "circuit_tracer",
                "folder": "transcoders",
                "sha256": folder_digest(library / "transcoders"),
                "features": 40,
                "layers": [0, 1, 2],
                "site": "mlp",
            }
        ],
    }
    (library / "models" / "tiny.yaml").write_text(yaml.safe_dump(entry))


def test_a_model_and_its_dictionary_load_by_id(library):
    write_entry(library)
    model = load_model(library, "tiny")
    dictionary = load_dictionary(library, "tiny", "coders")
    assert (model.name, dictionary.name) == ("tiny", "coders")
    assert dictionary.layer_numbers == (0, 1, 2)
    assert model.logits(torch.tensor([[0, 4]])).shape == (1, 2, 40)


def test_other_bytes_than_those_on_record_are_refused(library):
    write_entry(library, folder="weights", sha256="0" * 64)
    with pytest.raises(DigestMismatch, match="models/tiny.yaml: weights"):
        load_model(library, "tiny")


def test_what_the_library_does_not_have_is_named(library):
    write_entry(library, folder="nowhere")
    with pytest.raises(ModelUnavailable, match="nowhere"):
        load_model(library, "tiny")
    with pytest.raises(BrokenReference, match="no such id"):
        load_model(library, "huge")
    with pytest.raises(BrokenReference, match=r"expected one of \['coders'\]; found saes"):
        load_dictionary(library, "tiny", "saes")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_name": "owner/other"}, "coders: expected a dictionary for tiny; found files that"),
        ({"model_name": ""}, None),
        ({"model_name": "owner/Tiny"}, None),
    ],
)
def test_a_dictionary_whose_files_name_another_model_is_refused(change, message, library):
    path = library / "transcoders" / "config.yaml"
    before = path.read_text()
    try:
        path.write_text(yaml.safe_dump(yaml.safe_load(before) | change))
        write_entry(library)
        if message is None:
            assert load_dictionary(library, "tiny", "coders").layer_numbers == (0, 1, 2)
        else:
            with pytest.raises(ModelError, match=message):
                load_dictionary(library, "tiny", "coders")
    finally:
        path.write_text(before)


def test_folders_of_tensors_or_pickles_alone_say_what_is_missing(tmp_path):
    (tmp_path / "layer_0.safetensors").write_bytes(b"")
    with pytest.raises(UnknownFormat, match="files of tensors alone; write a config.yaml"):
        read_dictionary(tmp_path)
    (tmp_path / "sae.pt").write_bytes(b"")
    with pytest.raises(UnknownFormat, match="pickles, which are never opened; convert them"):
        read_dictionary(tmp_path)


def test_the_format_of_a_folder_is_told_by_its_files(library, tmp_path):
    assert read_dictionary(library / "transcoders").layer_numbers == (0, 1, 2)
    with pytest.raises(UnknownFormat, match="none of them"):
        read_dictionary(tmp_path)
    with pytest.raises(UnknownFormat, match="no such folder"):
        read_dictionary(tmp_path / "missing")
