"""Sparse autoencoders as SAELens saves them: cfg.json and sae_weights.safetensors.

A dictionary is a folder with one such folder per layer, or one such folder itself. Everything is
folded on reading, so that a = activation(W_enc x + b_enc) holds as it stands: the decoder bias
that is subtracted from the input goes into b_enc, TopK's rescaling by decoder norms goes into the
encoder, BatchTopK's single threshold becomes a JumpReLU. SAELens itself is not imported.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from torch import Tensor

from atlas.errors import ModelError, ModelUnavailable, UnknownFormat
from atlas.models.activation_functions import ActivationFunction, JumpReLU, ReLU, TopK
from atlas.models.checkpoints.weight_files import read_weights, take
from atlas.models.dictionaries import SparseAutoencoder, SparseAutoencoderSet
from atlas.models.sites import Site

SITES = {
    "hook_resid_pre": Site.RESIDUAL_BEFORE,
    "hook_resid_mid": Site.RESIDUAL_MIDDLE,
    "hook_resid_post": Site.RESIDUAL_AFTER,
    "hook_mlp_out": Site.MLP_WRITE,
}
ARCHITECTURES = ("standard", "topk", "jumprelu", "batchtopk")


def load(folder: Path, name: str | None = None) -> SparseAutoencoderSet:
    """The autoencoders in a folder; `name` is what errors and results call them.

    Raises:
        ModelUnavailable: a file is missing.
        UnknownFormat: an architecture, hook or normalisation that cannot be read exactly.
        ModelError: a tensor is missing or has the wrong shape.
    """
    folder = Path(folder)
    if (folder / "cfg.json").is_file():
        parts = [folder]
    else:
        parts = sorted(path.parent for path in folder.glob("*/cfg.json"))
    if not parts:
        raise ModelUnavailable(str(folder), "cfg.json, or folders with one", "none")
    layers: dict[int, SparseAutoencoder] = {}
    sites: set[Site] = set()
    for part in parts:
        site, layer, coder = load_layer(part)
        if layer in layers:
            raise ModelError(str(part), "one autoencoder per layer", f"a second for layer {layer}")
        layers[layer] = coder
        sites.add(site)
    if len(sites) > 1:
        found = sorted(site.value for site in sites)
        raise ModelError(str(folder), "one site for all layers", ", ".join(found))
    site = sites.pop()
    return SparseAutoencoderSet(
        name=name or folder.name, feature_input=site, feature_output=site, layers=layers
    )


def load_layer(folder: Path) -> tuple[Site, int, SparseAutoencoder]:
    """One autoencoder with the site and the layer that it reads; errors as in `load`."""
    config = _read_config(folder)
    site, layer = _place(folder, config)
    path = folder / "sae_weights.safetensors"
    weights = read_weights(path)
    width, features = int(config["d_in"]), int(config["d_sae"])
    W_enc = take(weights, "W_enc", (width, features), path).T.contiguous()  # noqa: N806
    W_dec = take(weights, "W_dec", (features, width), path)  # noqa: N806
    b_enc = take(weights, "b_enc", (features,), path)
    b_dec = take(weights, "b_dec", (width,), path)
    if config.get("apply_b_dec_to_input", True):
        b_enc = b_enc - W_enc @ b_dec
    if config.get("rescale_acts_by_decoder_norm", False):
        norms = W_dec.norm(dim=-1).clamp(min=1e-8)  # the floor that SAELens uses
        W_enc, b_enc, W_dec = W_enc * norms[:, None], b_enc * norms, W_dec / norms[:, None]  # noqa: N806
    activation = _activation(config, weights, features, path)
    return site, layer, SparseAutoencoder(W_enc, b_enc, W_dec, b_dec, activation)


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "cfg.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelUnavailable(str(path), "a file", "no such file") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UnknownFormat(str(path), "JSON", str(error)) from error
    if not isinstance(config, dict) or not {"d_in", "d_sae"} <= set(config):
        raise UnknownFormat(str(path), "an object with d_in and d_sae", "something else")
    _refuse(path, config, "normalize_activations", ("none", None, False))
    _refuse(path, config, "reshape_activations", ("none", None))
    _refuse(path, config, "finetuning_scaling_factor", (False, None))
    architecture = config.get("architecture", "standard")
    if architecture not in ARCHITECTURES:
        raise UnknownFormat(
            f"{path}: architecture", f"one of {', '.join(ARCHITECTURES)}", repr(architecture)
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


def _place(folder: Path, config: dict[str, Any]) -> tuple[Site, int]:
    metadata = config.get("metadata") or {}
    hook = metadata.get("hook_name") or config.get("hook_name") or ""
    match = re.fullmatch(r"blocks\.(\d+)\.(\w+)", str(hook))
    if match is None or match.group(2) not in SITES:
        raise UnknownFormat(
            f"{folder / 'cfg.json'}: hook_name",
            f"blocks.<layer>. and one of {', '.join(SITES)}",
            repr(hook),
        )
    return SITES[match.group(2)], int(match.group(1))


def _activation(
    config: dict[str, Any], weights: dict[str, Tensor], features: int, path: Path
) -> ActivationFunction:
    architecture = config.get("architecture", "standard")
    if architecture == "topk":
        return TopK(int(config["k"]), rectified=True)
    if architecture == "jumprelu" and "log_threshold" in weights:
        return JumpReLU(take(weights, "log_threshold", (features,), path).exp())
    if architecture == "batchtopk" and "topk_threshold" in weights:
        threshold = take(weights, "topk_threshold", (), path)
        return JumpReLU(threshold.expand(features).contiguous().float())
    if architecture in ("jumprelu", "batchtopk"):
        return JumpReLU(take(weights, "threshold", (features,), path))
    return ReLU()
