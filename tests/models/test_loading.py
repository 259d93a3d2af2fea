from __future__ import annotations

import pytest
import torch
import yaml

from atlas.entries.digests import folder_digest
from atlas.errors import BrokenReference, DigestMismatch, ModelUnavailable, UnknownFormat
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


def test_the_format_of_a_folder_is_told_by_its_files(library, tmp_path):
    assert read_dictionary(library / "transcoders").layer_numbers == (0, 1, 2)
    with pytest.raises(UnknownFormat, match="neither"):
        read_dictionary(tmp_path)
    with pytest.raises(UnknownFormat, match="no such folder"):
        read_dictionary(tmp_path / "missing")
