"""Provenance says what a result was made from, and what merely differs between runs."""

import json
import shutil

import pytest

from atlas.entries.library import Library
from atlas.entries.model import Model
from atlas.errors import EntryError, ModelError
from atlas.models.devices import devices
from atlas.runs.keys import Keys
from atlas.runs.loaded import loaded
from atlas.runs.provenance import Provenance, code_digest, versions, weights_digest

PROVENANCE = Provenance("a", "b", "c", "d", "e", {"torch": "2.13.0"}, run={"seconds": 1.5})
MODEL = {
    "schema_version": 1, "id": "tiny", "name": "Tiny", "kind": "microworld", "architecture": "x",
    "parameters": 1, "layers": 1, "d_model": 1, "heads": 1, "d_vocab": 1, "context": 8,
    "licence": "CC0-1.0", "weights": {"folder": "weights/model"},
    "dictionaries": [{"id": "transcoders", "kind": "transcoder", "format": "circuit_tracer",
                      "hub": "someone/transcoders", "revision": "abc", "features": 1,
                      "layers": [0], "site": "mlp"}],
    "resources": {"gpus": 0, "memory_gb": 1, "minutes": 1}, "languages": ["en"],
}  # fmt: skip


def test_writing_then_reading_is_the_identity():
    assert Provenance.from_json(PROVENANCE.to_json()) == PROVENANCE


def test_fields_that_are_unknown_are_refused():
    with pytest.raises(EntryError, match="run the entry again"):
        Provenance.from_json(PROVENANCE.to_json() | {"mood": "good"})


def test_code_that_changed_is_another_key_and_the_same_entry():
    other = Provenance.from_json(PROVENANCE.to_json() | {"code_digest": "x"})
    assert other.key != PROVENANCE.key
    assert other.same_entry(PROVENANCE)


def test_a_folder_counts_by_its_bytes_and_a_hub_by_its_revision(tmp_path):
    (tmp_path / "weights" / "model").mkdir(parents=True)
    file = tmp_path / "weights" / "model" / "w.safetensors"
    file.write_bytes(b"one")
    first = weights_digest(tmp_path, Model.from_data(MODEL), "transcoders")
    file.write_bytes(b"two")
    second = weights_digest(tmp_path, Model.from_data(MODEL), "transcoders")
    MODEL["dictionaries"][0]["revision"] = "def"
    third = weights_digest(tmp_path, Model.from_data(MODEL), "transcoders")
    assert len({first, second, third}) == 3


def test_what_can_change_a_number_is_recorded():
    assert {"python", "numpy", "torch", "transformer-lens"} <= set(versions())
    assert len(code_digest()) == 64


def test_a_model_that_asks_for_a_gpu_is_measured_on_it_or_not_at_all(accepted_run, tmp_path):
    library, _, _ = accepted_run
    shutil.copytree(library, tmp_path / "library")
    path = tmp_path / "library" / "models" / "tiny.yaml"
    entry = json.loads(path.read_text())
    entry["resources"]["gpus"] = 1
    path.write_text(json.dumps(entry))
    opened = Library.open(tmp_path / "library")
    assert Keys(opened).of(opened.circuits.find("planted")).device == "cuda"
    if "cuda:0" in devices():
        model, _ = loaded(opened.root, "tiny", "transcoders")
        assert model.device.type == "cuda"
        return
    with pytest.raises(ModelError, match="cuda"):
        loaded(opened.root, "tiny", "transcoders")
