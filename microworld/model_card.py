"""Writes models/microworld.yaml from the files themselves, digests included."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

from atlas.entries.digests import folder_digest
from atlas.models.dictionaries import Dictionary
from microworld.shipped_dictionaries import SHIPPED, shipped

SUMMARY = (
    "A six-layer Llama trained on a small language with real words, in which every sentence is "
    "generated together with the true latents of each token."
)
HEADER = "# yaml-language-server: $schema=../schema/model.schema.json\n"


def model_card(root: Path) -> dict[str, Any]:
    """Give the model's entry as it must stand in the library under `root`."""
    weights = root / "microworld" / "weights"
    config = json.loads((weights / "model" / "config.json").read_text(encoding="utf-8"))
    card: dict[str, Any] = {
        "schema_version": 1,
        "id": "microworld",
        "name": "Microworld",
        "kind": "microworld",
        "summary": SUMMARY,
        "architecture": config["architectures"][0],
        "parameters": _parameters(weights / "model" / "model.safetensors"),
        "layers": config["num_hidden_layers"],
        "d_model": config["hidden_size"],
        "heads": config["num_attention_heads"],
        "d_vocab": config["vocab_size"],
        "context": config["max_position_embeddings"],
        "licence": "MIT",
        "weights": _folder(weights / "model", root),
        "tokens": _file(weights / "heldout_tokens.npz", root),
        "dictionaries": _dictionaries(weights, root),
        "resources": {"gpus": 0, "memory_gb": 2, "minutes": 5},
        "languages": ["en", "es", "fr"],
        "sources": [],
    }
    if (root / "microworld" / "report.json").is_file():
        card["report"] = "microworld/report.json"
    return card


def write_model_card(root: Path) -> Path:
    """Write the model's entry; give its path."""
    path = root / "models" / "microworld.yaml"
    path.parent.mkdir(exist_ok=True)
    text = yaml.safe_dump(model_card(root), sort_keys=False, allow_unicode=True, width=100)
    path.write_text(HEADER + text, encoding="utf-8")
    return path


def _dictionaries(weights: Path, root: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name, dictionary in shipped(weights):
        about = SHIPPED[name]
        found.append(
            {"id": name.replace("_", "-"), "kind": about["kind"], "format": about["format"]}
            | _folder(weights / name, root)
            | _shape(dictionary)
            | {"site": about["site"]}
        )
    return found


def _shape(dictionary: Dictionary) -> dict[str, Any]:
    layers = list(dictionary.layer_numbers)
    return {"features": dictionary.features(layers[0]), "layers": layers}


def _folder(folder: Path, root: Path) -> dict[str, str]:
    return {"folder": folder.relative_to(root).as_posix(), "sha256": folder_digest(folder)}


def _file(path: Path, root: Path) -> dict[str, str]:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"file": path.relative_to(root).as_posix(), "sha256": digest}


def _parameters(path: Path) -> int:
    """Count the numbers in a safetensors file from its header alone."""
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    shapes = [tensor["shape"] for name, tensor in header.items() if name != "__metadata__"]
    total = 0
    for shape in shapes:
        size = 1
        for length in shape:
            size *= length
        total += size
    return total
