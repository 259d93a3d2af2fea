"""Folders of GemmaScope 2 as published: per layer a folder with config.json and params.safetensors.

config.json says where a coder reads (`hf_hook_point_in`) and writes (`hf_hook_point_out`), as the
Hugging Face model names its parts. Transcoders need a folder for every layer of the model;
cross-layer ones, whose files lie side by side, are read through a config.yaml (`circuit_tracer`).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from atlas.errors import MISSHAPEN, ModelError, ModelUnavailable, UnknownFormat
from atlas.models.checkpoints.circuit_tracer_layers import read_single_layer
from atlas.models.checkpoints.set_of_layers import set_of_layers
from atlas.models.dictionaries import SparseAutoencoderSet, TranscoderSet
from atlas.models.sites import Site

SITES = {
    "pre_feedforward_layernorm.output": Site.MLP_INPUT,
    "post_feedforward_layernorm.output": Site.MLP_WRITE,
    "output": Site.RESIDUAL_AFTER,
}

Sites = tuple[Site, Site]
"""Where coders read and where they write."""


def is_folder(folder: Path) -> bool:
    """Whether a folder is GemmaScope 2's: of one layer, or with such folders in it."""
    return bool(_parts(folder))


def load(folder: Path, name: str | None = None) -> SparseAutoencoderSet | TranscoderSet:
    """The autoencoders or transcoders in a folder; `name` is what errors and results call them.

    Raises:
        ModelUnavailable: no such folders, or a layer of transcoders is missing.
        UnknownFormat: config.json cannot be read, or names a place that the atlas does not know.
        ModelError: a tensor is missing or has the wrong shape, layers do not fit together.
    """
    folder = Path(folder)
    parts = _parts(folder)
    if not parts:
        raise ModelUnavailable(str(folder), "config.json beside params.safetensors", "none")
    configs: dict[int, Path] = {}
    kinds: set[tuple[Sites, str]] = set()
    for part in parts:
        config = _read_config(part)
        layer, sites = _place(part, config)
        if layer in configs:
            raise ModelError(str(part), "one coder per layer", f"a second for layer {layer}")
        configs[layer] = part
        kinds.add((sites, str(config.get("model_name") or "").replace("-v3-", "-3-")))
    if len(kinds) > 1:
        found = ", ".join(sorted(f"{s[0].value} to {s[1].value} of {m}" for s, m in kinds))
        raise ModelError(str(folder), "layers of one kind, for one model", found)
    sites, model_name = kinds.pop()
    files = {layer: configs[layer] / "params.safetensors" for layer in sorted(configs)}
    coders = {layer: read_single_layer(path, {}) for layer, path in files.items()}
    return set_of_layers(folder, coders, sites, (name or folder.name, model_name))


def _parts(folder: Path) -> list[Path]:
    found = [path.parent for path in (folder / "config.json", *folder.glob("*/config.json"))]
    return sorted(part for part in found if _is_part(part))


def _is_part(folder: Path) -> bool:
    return all((folder / name).is_file() for name in ("config.json", "params.safetensors"))


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except MISSHAPEN as error:
        raise UnknownFormat(str(path), "JSON", str(error)) from error
    if not isinstance(config, dict) or config.get("architecture") != "jump_relu":
        raise UnknownFormat(str(path), "an object with architecture: jump_relu", "something else")
    return config


def _place(folder: Path, config: dict[str, Any]) -> tuple[int, Sites]:
    point_in = config.get("hf_hook_point_in")
    layer, reads = _site(folder, "hf_hook_point_in", point_in)
    to_layer, writes = _site(
        folder, "hf_hook_point_out", config.get("hf_hook_point_out") or point_in
    )
    if layer != to_layer or (reads is not writes and reads is not Site.MLP_INPUT):
        where = f"{folder / 'config.json'}: hf_hook_point_out"
        raise UnknownFormat(where, f"where layer {layer} is rebuilt", f"{writes.value} {to_layer}")
    return layer, (reads, writes)


def _site(folder: Path, key: str, point: object) -> tuple[int, Site]:
    match = re.fullmatch(r"(?:\w+\.)*layers\.(\d+)\.([\w.]+)", str(point))
    if match is None or match.group(2) not in SITES:
        raise UnknownFormat(
            f"{folder / 'config.json'}: {key}",
            f"model.layers.<layer>. and one of {', '.join(SITES)}",
            repr(point),
        )
    return int(match.group(1)), SITES[match.group(2)]
