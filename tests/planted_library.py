"""A library in miniature whose circuits are known: a tiny random model with planted features.

In the last layer's transcoder, one feature per city is active where that city is the last word,
and writes the unembedding direction of that city's answer. Ablating it must lower that answer,
swapping it must bring another city's. All other features write in random directions.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.entries.digests import file_digest, folder_digest
from atlas.models.activation_functions import TopK
from atlas.models.checkpoints import circuit_tracer
from atlas.models.dictionaries import TranscoderSet
from atlas.models.language_model import LanguageModel
from atlas.models.sites import Site
from tests.models import tiny_models
from tests.planted_entries import ANSWERS, CITIES, LAYER, circuit, feature, rows

ACTIVE = 24  # features per token; enough others to draw controls from
STRENGTH = 3.0  # activation of a planted feature × length of its decoder


def planted_transcoders(model: LanguageModel) -> TranscoderSet:
    """Random transcoders; in the last layer one planted feature per city."""
    random = tiny_models.random_transcoders(model, "topk")
    layers = [replace(layer, activation=TopK(ACTIVE, rectified=False)) for layer in random.layers]
    last = layers[LAYER]
    # The others are about as strong, so that controls of the same size exist everywhere.
    encoders = 0.15 * last.W_enc
    biases = torch.full_like(last.b_enc, STRENGTH)
    decoders = last.W_dec / last.W_dec.norm(dim=1, keepdim=True)
    unembedding = model.unembedding().weight
    fitted = _city_encoders(model)
    for number, answer in enumerate(ANSWERS):
        encoders[number], biases[number] = fitted[:-1, number], fitted[-1, number]
        towards = unembedding[:, model.token_id(answer)] - unembedding.mean(dim=1)
        decoders[number] = towards / towards.norm()
    layers[LAYER] = replace(last, W_enc=encoders, b_enc=biases, W_dec=decoders)
    return replace(random, layers=tuple(layers))


def _city_encoders(model: LanguageModel) -> torch.Tensor:
    """Per city, encoder weights and bias: STRENGTH at the end of its rows, −STRENGTH elsewhere."""
    prompts = rows("test", 11)
    ids = torch.from_numpy(np.stack([model.tokenize(row["text"]).ids for row in prompts]))
    values = model.run(ids, read=[(Site.MLP_INPUT, LAYER)]).values
    inputs = values[Site.MLP_INPUT, LAYER][:, -1]
    inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], dim=1)
    solutions = []
    for city in CITIES:
        own = torch.tensor([row["entities"]["city"] == city for row in prompts])
        # Own rows count as much as all others, and every planted feature must reach its strength.
        weight = torch.where(own, 20.0, 1.0)[:, None]
        wanted = torch.where(own, STRENGTH, -STRENGTH)[:, None]
        solutions.append(torch.linalg.lstsq(weight * inputs, weight * wanted).solution)
    return torch.cat(solutions, dim=1)


def labelled_tokens(model: LanguageModel) -> LabelledTokens:
    """The test prompts as sequences, with the city as a latent at its own token."""
    ids = np.stack([model.tokenize(row["text"]).ids for row in rows("test", 11)]).astype(np.int16)
    codes = np.full(ids.shape, -1, dtype=np.int8)
    codes[:, 1:] = len(CITIES)
    codes[:, -1] = [CITIES.index(row["entities"]["city"]) for row in rows("test", 11)]
    return LabelledTokens(
        tokens=ids,
        codes={"city": codes},
        values={"city": (*CITIES, "none")},
        behaviour=np.zeros(len(ids), dtype=np.int8),
        behaviours=("planted",),
    )


def model_entry(root: Path) -> dict:
    """models/tiny.yaml."""
    return {
        "schema_version": 1, "id": "tiny", "name": "Tiny", "kind": "microworld",
        "architecture": "LlamaForCausalLM", "parameters": 30000, "layers": 3, "d_model": 24,
        "heads": 4, "d_vocab": 40, "context": 32, "licence": "CC0-1.0",
        "weights": {"folder": "weights/model", "sha256": folder_digest(root / "weights/model")},
        "tokens": {"file": "weights/tokens.npz",
                   "sha256": file_digest(root / "weights/tokens.npz")},
        "dictionaries": [
            {"id": "transcoders", "kind": "transcoder", "format": "circuit_tracer",
             "folder": "weights/transcoders",
             "sha256": folder_digest(root / "weights/transcoders"),
             "features": tiny_models.FEATURES, "layers": [0, 1, 2], "site": "mlp"},
        ],
        "resources": {"gpus": 0, "memory_gb": 1, "minutes": 2}, "languages": ["en"],
    }  # fmt: skip


def build(root: Path, notebooks: Path, circuits: tuple[str, ...] = ("planted",)) -> Path:
    """Write the whole library under `root`: weights, entries, notebooks."""
    model = tiny_models.load_model(root / "weights" / "model")
    circuit_tracer.save(planted_transcoders(model), root / "weights" / "transcoders", "tiny")
    labelled_tokens(model).save(root / "weights" / "tokens.npz")
    for name in circuits:
        folder = root / "circuits" / name
        folder.mkdir(parents=True)
        lines = [json.dumps(row) for row in rows("discovery", 2) + rows("test", 11)]
        (folder / "prompts.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        _write_yaml(folder / "circuit.yaml", circuit(name))
    _write_yaml(root / "features" / "tiny" / "transcoders" / f"{LAYER}-0.yaml", feature())
    _write_yaml(root / "models" / "tiny.yaml", model_entry(root))
    for name in ("vocabulary", "schema", "resources"):
        (root / name).mkdir(exist_ok=True)
    shutil.copytree(notebooks, root / "notebooks")
    return root


def _write_yaml(path: Path, value: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # JSON is YAML, and has no aliases, which the library refuses.
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")
