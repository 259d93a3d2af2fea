"""Autoencoders and transcoders as SAELens saves them: cfg.json and sae_weights.safetensors.

A dictionary is a folder with one such folder per layer, or one such folder itself. Transcoders need
one for every layer of the model. SAELens itself is not imported.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from atlas.errors import MISSHAPEN, ModelError, ModelUnavailable, UnknownFormat
from atlas.models.checkpoints.saelens_layer import (
    AUTOENCODERS,
    TRANSCODERS,
    autoencoder,
    transcoder,
)
from atlas.models.checkpoints.set_of_layers import check_all_layers
from atlas.models.checkpoints.weight_files import read_weights
from atlas.models.coders import SparseAutoencoder, Transcoder
from atlas.models.dictionaries import SparseAutoencoderSet, TranscoderSet
from atlas.models.sites import Site
from atlas.models.zero_positions import zero_positions_of

AUTOENCODER_SITES = {
    "hook_resid_pre": Site.RESIDUAL_BEFORE,
    "hook_resid_mid": Site.RESIDUAL_MIDDLE,
    "hook_resid_post": Site.RESIDUAL_AFTER,
    "hook_mlp_out": Site.MLP_WRITE,
}
# Not hook_mlp_in: SAELens uses that name for values before the norm and for values after it.
INPUT_SITES = {
    "hook_resid_mid": Site.RESIDUAL_MIDDLE,
    "ln2.hook_normalized": Site.MLP_NORMALIZED,
    "mlp.hook_in": Site.MLP_INPUT,
}
OUTPUT_SITES = {"hook_mlp_out": Site.MLP_WRITE, "mlp.hook_out": Site.MLP_OUTPUT}

Place = tuple[int, Site, Site]
"""A layer, and the sites that are read and written there."""


def load(folder: Path, name: str | None = None) -> SparseAutoencoderSet | TranscoderSet:
    """The autoencoders or transcoders in a folder; `name` is what errors and results call them.

    Raises:
        ModelUnavailable: a file is missing, or a layer of transcoders.
        UnknownFormat: an architecture, hook or normalisation that cannot be read exactly.
        ModelError: a tensor is missing or has the wrong shape, layers do not fit together.
    """
    folder = Path(folder)
    if (folder / "cfg.json").is_file():
        parts = [folder]
    else:
        parts = sorted(path.parent for path in folder.glob("*/cfg.json"))
    if not parts:
        raise ModelUnavailable(str(folder), "cfg.json, or folders with one", "none")
    coders: dict[int, SparseAutoencoder | Transcoder] = {}
    sites: set[tuple[Site, Site]] = set()
    for part in parts:
        (layer, reads, writes), coder = load_layer(part)
        if layer in coders:
            raise ModelError(str(part), "one coder per layer", f"a second for layer {layer}")
        coders[layer] = coder
        sites.add((reads, writes))
    if len(sites) > 1:
        found = ", ".join(sorted(f"{reads.value} to {writes.value}" for reads, writes in sites))
        raise ModelError(str(folder), "one site for all layers", found)
    title, (reads, writes) = name or folder.name, sites.pop()
    model_name = _model_name(_read_config(parts[0]))
    autoencoders = {at: one for at, one in coders.items() if isinstance(one, SparseAutoencoder)}
    if len(autoencoders) == len(coders):
        return SparseAutoencoderSet(title, reads, writes, autoencoders, model_name=model_name)
    if autoencoders:
        raise ModelError(str(folder), "transcoders or autoencoders", "some of each")
    check_all_layers(folder, coders)
    layers = tuple(one for _, one in sorted(coders.items()) if isinstance(one, Transcoder))
    zero_positions = zero_positions_of(model_name)
    return TranscoderSet(
        title, reads, writes, layers, model_name=model_name, zero_positions=zero_positions
    )


def load_layer(folder: Path) -> tuple[Place, SparseAutoencoder | Transcoder]:
    """One coder with the layer and the sites that it reads and writes; errors as in `load`."""
    config = _read_config(folder)
    where, path = folder / "cfg.json", folder / "sae_weights.safetensors"
    if config["architecture"] not in TRANSCODERS:
        layer, site = _place(where, config, "hook_name", AUTOENCODER_SITES)
        return (layer, site, site), autoencoder(config, read_weights(path), path)
    layer, reads = _place(where, config, "hook_name", INPUT_SITES)
    to_layer, writes = _place(where, config, "hook_name_out", OUTPUT_SITES)
    if to_layer != layer:
        raise UnknownFormat(f"{where}: hook_name_out", f"layer {layer}", f"layer {to_layer}")
    if config.get("d_out", config["d_in"]) != config["d_in"]:
        raise ModelError(f"{where}: d_out", f"d_in, {config['d_in']}", str(config["d_out"]))
    return (layer, reads, writes), transcoder(config, read_weights(path), path)


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "cfg.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelUnavailable(str(path), "a file", "no such file") from error
    except MISSHAPEN as error:
        raise UnknownFormat(str(path), "JSON", str(error)) from error
    if not isinstance(config, dict) or not isinstance(config.get("metadata") or {}, dict):
        raise UnknownFormat(str(path), "an object, and one as its metadata", "something else")
    sizes = ("d_in", "d_sae", "k") if config.get("architecture") == "topk" else ("d_in", "d_sae")
    for key in sizes:
        if not isinstance(config.get(key), int) or config[key] < 1:
            raise UnknownFormat(f"{path}: {key}", "a whole number above 0", repr(config.get(key)))
    _refuse(path, config, "normalize_activations", ("none", None, False))
    _refuse(path, config, "reshape_activations", ("none", None))
    _refuse(path, config, "finetuning_scaling_factor", (False, None))
    architecture = config.setdefault("architecture", "standard")
    known = AUTOENCODERS + TRANSCODERS
    if architecture not in known:
        raise UnknownFormat(
            f"{path}: architecture", f"one of {', '.join(known)}", repr(architecture)
        )
    return config


def _refuse(path: Path, config: dict[str, Any], key: str, allowed: tuple[Any, ...]) -> None:
    """Refuse a setting that changes the encoder in a way that is not folded here."""
    if config.get(key) not in allowed:
        raise UnknownFormat(
            f"{path}: {key}",
            repr(allowed[0]),
            repr(config[key]),
            "fold it into the weights with SAELens and save again",
        )


def _place(
    where: Path, config: dict[str, Any], key: str, sites: dict[str, Site]
) -> tuple[int, Site]:
    metadata = config.get("metadata") or {}
    hook = metadata.get(key) or config.get(key) or ""
    match = re.fullmatch(r"blocks\.(\d+)\.([\w.]+)", str(hook))
    if match is None or match.group(2) not in sites:
        raise UnknownFormat(
            f"{where}: {key}", f"blocks.<layer>. and one of {', '.join(sites)}", repr(hook)
        )
    return int(match.group(1)), sites[match.group(2)]


def _model_name(config: dict[str, Any]) -> str:
    metadata = config.get("metadata") or {}
    return str(metadata.get("model_name") or config.get("model_name") or "")
