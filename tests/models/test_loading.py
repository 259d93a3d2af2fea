from __future__ import annotations

import hashlib

import pytest
import torch
import yaml

from atlas.errors import BrokenReference, DigestMismatch, ModelUnavailable
from atlas.models.checkpoints import circuit_tracer
from atlas.models.language_model import LanguageModel
from atlas.models.loading import folder_digest, load_dictionary, load_model
from tests.models import tiny_models


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    root = tmp_path_factory.mktemp("library")
    tiny_models.save_model(root / "weights")
    model = LanguageModel.load(str(root / "weights"))
    circuit_tracer.save(tiny_models.random_transcoders(model), root / "transcoders", "tiny")
    (root / "models").mkdir()
    return root


def write_entry(library, **changes):
    entry = {
        "id": "tiny",
        "weights": {"folder": "weights", "sha256": folder_digest(library / "weights")},
        "dictionaries": [
            {
                "id": "coders",
                "kind": "transcoder",
                "format": "circuit_tracer",
                "folder": "transcoders",
                "sha256": folder_digest(library / "transcoders"),
            }
        ],
        **changes,
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
    write_entry(library, weights={"folder": "weights", "sha256": "0" * 64})
    with pytest.raises(DigestMismatch, match="models/tiny.yaml: weights"):
        load_model(library, "tiny")


def test_what_the_library_does_not_have_is_named(library):
    write_entry(library, weights={"folder": "nowhere"})
    with pytest.raises(ModelUnavailable, match="nowhere"):
        load_model(library, "tiny")
    with pytest.raises(BrokenReference, match="no such model"):
        load_model(library, "huge")
    with pytest.raises(BrokenReference, match=r"expected one of \['coders'\]; found saes"):
        load_dictionary(library, "tiny", "saes")


def test_the_digest_of_a_folder_is_that_of_its_sorted_file_digests(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "inner").write_bytes(b"two")
    (tmp_path / "a").write_bytes(b"one")
    one, two = hashlib.sha256(b"one").hexdigest(), hashlib.sha256(b"two").hexdigest()
    expected = hashlib.sha256(f"a {one}\nb/inner {two}\n".encode()).hexdigest()
    assert folder_digest(tmp_path) == expected
