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

CITIES = [f"w{number}" for number in range(3, 13)]
ANSWERS = [f"w{number}" for number in range(13, 23)]
FILLERS = [f"w{number}" for number in range(23, 37)]
LAYER = 2  # the last one
ACTIVE = 24  # features per token; enough others to draw controls from
STRENGTH = 3.0  # activation of a planted feature × length of its decoder


def rows(split: str, per_city: int) -> list[dict]:
    """Prompts "filler filler city"; the answer belongs to the city."""
    found = []
    offset = 0 if split == "test" else 7
    for number, (city, answer) in enumerate(zip(CITIES, ANSWERS, strict=True)):
        for repeat in range(per_city):
            template = (repeat + offset) % 4
            words = [FILLERS[(repeat + offset) % 14], FILLERS[template], city]
            found.append({
                "id": f"{split}-{city}-{repeat}", "split": split, "text": " ".join(words),
                "target": answer, "foil": ANSWERS[(number + 1) % len(ANSWERS)],
                "template": f"ends-{template}", "entities": {"city": city},
            })  # fmt: skip
    return found


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


def circuit(circuit_id: str) -> dict:
    """A circuit whose two claims hold, and one about features that do nothing."""
    keyed = {city: [f"{LAYER}-{number}"] for number, city in enumerate(CITIES)}
    idle = {city: [f"{LAYER}-{number + 20}"] for number, city in enumerate(CITIES)}
    threshold = {"value": 0.2, "reason": "more than rounding, for the sake of the example"}
    both = {"value": 2.0, "reason": "taking the own answer away alone gives half of it"}
    return {
        "schema_version": 1, "id": circuit_id, "title": "From a city to its answer",
        "summary": "A planted circuit: one feature per city writes that city's answer, for tests.",
        "domain": "knowledge-retrieval", "behaviour": "planted", "languages": ["en"],
        "model": "tiny", "dictionary": "transcoders", "lifecycle": "active",
        "created": "2026-11-21", "licence": "CC-BY-4.0",
        "curators": [{"name": "Test", "handle": "test"}],
        "prompts": {"file": "prompts.jsonl", "graph": "discovery-w3-0"}, "target": "answer",
        "parts": [
            {"id": "city", "label": "the city", "role": "input", "position": "last",
             "keyed_by": "city", "features": keyed},
            {"id": "idle", "label": "bystanders", "role": "input", "position": "last",
             "keyed_by": "city", "features": idle},
        ],
        "edges": [{"source": "city", "target": "answer", "sign": "positive"}],
        "interventions": [
            {"id": "off", "title": "The city off", "steps": [{"part": "city", "action": "ablate"}]},
            {"id": "swap", "title": "Another city",
             "partner": {"differs_in": ["city"]},
             "steps": [{"part": "city", "action": "ablate"},
                       {"part": "city", "action": "set_from_partner", "factor": 1.0}]},
            {"id": "idle-off", "title": "Bystanders off",
             "steps": [{"part": "idle", "action": "ablate"}]},
        ],
        "claims": [
            {"id": "off-lowers", "statement": "Without the city its answer falls.",
             "kind": "effect", "intervention": "off", "metric": "logit_difference",
             "of": "target", "direction": "decrease", "threshold": threshold},
            {"id": "swap-moves", "statement": "The other city brings its own answer.",
             "kind": "effect", "intervention": "swap", "metric": "logit_difference",
             "of": "partner_target", "direction": "increase", "threshold": both,
             "depends_on": ["off-lowers"]},
            {"id": "idle-lowers", "statement": "Without the bystanders the answer falls.",
             "kind": "effect", "intervention": "idle-off", "metric": "logit_difference",
             "of": "target", "direction": "decrease", "threshold": threshold},
        ],
        "notebook": {"name": "circuit"},
    }  # fmt: skip


def feature() -> dict:
    """The first city's feature, with a label that its activations bear out."""
    return {
        "schema_version": 1, "model": "tiny", "dictionary": "transcoders",
        "layer": LAYER, "index": 0, "label": "the city w3", "lifecycle": "active",
        "created": "2026-11-21", "licence": "CC-BY-4.0",
        "curators": [{"name": "Test", "handle": "test"}],
        "predicate": {"latent": "city", "equals": "w3"},
        "score": {"minimum_f1": 0.5, "reason": "better than chance"},
        "steering": {"prompts_of": "planted", "action": "set", "value": 6.0, "position": "last",
                     "metric": "logit_difference", "of": "target", "direction": "decrease",
                     "threshold": {"value": 0.2, "reason": "another answer comes in"}},
        "notebook": {"name": "feature"},
    }  # fmt: skip


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
