"""Per-layer transcoders as circuit-tracer publishes them: config.yaml and layer_<i>.safetensors.

A layer's file holds `W_enc` and `W_dec` [feature, d_model], `b_enc`, `b_dec`, and with JumpReLU
`activation_function.threshold`. With a skip connection it holds `W_skip` too, by which the output
gains x W_skipᵀ. The activation function and TopK's k stand in config.yaml.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from atlas.errors import ModelError, ModelUnavailable, UnknownFormat
from atlas.models.activation_functions import ActivationFunction, JumpReLU, ReLU, TopK
from atlas.models.checkpoints.weight_files import read_weights, take, write_weights
from atlas.models.dictionaries import Skip, Transcoder, TranscoderSet
from atlas.models.sites import Site

INPUT_SITES = {
    "hook_resid_mid": Site.RESIDUAL_MIDDLE,
    "ln2.hook_normalized": Site.MLP_NORMALIZED,
    "mlp.hook_in": Site.MLP_INPUT,
}
OUTPUT_SITES = {"hook_mlp_out": Site.MLP_WRITE, "mlp.hook_out": Site.MLP_OUTPUT}
THRESHOLD = "activation_function.threshold"


def load(folder: Path, name: str | None = None) -> TranscoderSet:
    """The transcoders in a folder; `name` is what errors and graphs call them.

    Raises:
        ModelUnavailable: the folder or a layer's file is missing.
        UnknownFormat: config.yaml describes something other than per-layer transcoders.
        ModelError: a tensor is missing or has the wrong shape.
    """
    folder = Path(folder)
    config = _read_config(folder)
    layers = tuple(
        _load_layer(folder / f"layer_{layer}.safetensors", config)
        for layer in range(_count_layers(folder))
    )
    return TranscoderSet(
        name=name or folder.name,
        feature_input=_site(folder, config, "feature_input_hook", INPUT_SITES),
        feature_output=_site(folder, config, "feature_output_hook", OUTPUT_SITES),
        layers=layers,
    )


def save(transcoders: TranscoderSet, folder: Path, model_name: str) -> None:
    """Write transcoders to a folder so that circuit-tracer and `load` read them back.

    The format has no place for a skip connection's own bias: it goes into `b_dec`, which is the
    same function.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    activation = transcoders.layers[0].activation
    config: dict[str, Any] = {
        "model_name": model_name,
        "model_kind": "transcoder_set",
        "feature_input_hook": _hook(INPUT_SITES, transcoders.feature_input),
        "feature_output_hook": _hook(OUTPUT_SITES, transcoders.feature_output),
        "activation": activation.name(),
        "scan": transcoders.name,
    }
    if isinstance(activation, TopK):
        config["k"] = activation.k
        config["rectified"] = activation.rectified
    for layer, coder in enumerate(transcoders.layers):
        if coder.activation.name() != activation.name():
            raise ModelError(
                f"{transcoders.name}: layer {layer}",
                f"{activation.name()} as in layer 0",
                coder.activation.name(),
            )
        write_weights(folder / f"layer_{layer}.safetensors", _tensors(coder))
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    (folder / "config.yaml").write_text(text, encoding="utf-8")


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.yaml"
    if not path.is_file():
        raise ModelUnavailable(str(folder), "a folder with config.yaml", "no config.yaml")
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UnknownFormat(str(path), "YAML", str(error)) from error
    if not isinstance(config, dict):
        raise UnknownFormat(str(path), "a mapping", type(config).__name__)
    kind = config.get("model_kind", "transcoder_set")
    if kind != "transcoder_set":
        raise UnknownFormat(
            str(path),
            "model_kind: transcoder_set",
            str(kind),
            "only per-layer transcoders can be read",
        )
    return config


def _count_layers(folder: Path) -> int:
    found = sorted(
        int(match.group(1))
        for path in folder.iterdir()
        if (match := re.fullmatch(r"layer_(\d+)\.safetensors", path.name))
    )
    if not found:
        raise ModelUnavailable(str(folder), "layer_0.safetensors and so on", "no such file")
    if found != list(range(len(found))):
        raise ModelUnavailable(str(folder), f"layers 0 to {found[-1]}", f"only {found}")
    return len(found)


def _load_layer(path: Path, config: dict[str, Any]) -> Transcoder:
    weights = read_weights(path)
    if "W_enc" not in weights or weights["W_enc"].ndim != 2:
        raise ModelError(str(path), "a matrix W_enc [feature, d_model]", f"{sorted(weights)}")
    features, width = (int(size) for size in weights["W_enc"].shape)
    return Transcoder(
        W_enc=take(weights, "W_enc", (features, width), path),
        b_enc=take(weights, "b_enc", (features,), path),
        W_dec=take(weights, "W_dec", (features, width), path),
        b_dec=take(weights, "b_dec", (width,), path),
        activation=_activation(weights, config, features, path),
        skip=Skip(take(weights, "W_skip", (width, width), path)) if "W_skip" in weights else None,
    )


def _activation(
    weights: dict[str, Tensor], config: dict[str, Any], features: int, path: Path
) -> ActivationFunction:
    kind = str(config.get("activation", "")).lower().replace("_", "")
    if THRESHOLD in weights or kind == "jumprelu":
        threshold = weights.get(THRESHOLD)
        if threshold is not None and threshold.numel() == 1:
            weights = {**weights, THRESHOLD: threshold.reshape(1).expand(features)}
        return JumpReLU(take(weights, THRESHOLD, (features,), path))
    if kind == "topk":
        k = weights["k"].item() if "k" in weights else config.get("k")
        if not isinstance(k, (int, float)) or int(k) < 1:
            raise ModelError(str(path.parent / "config.yaml"), "k of at least 1", repr(k))
        return TopK(int(k), bool(config.get("rectified", False)))
    if kind in ("", "relu"):
        return ReLU()
    raise UnknownFormat(
        str(path.parent / "config.yaml"), "activation: relu, jumprelu or topk", repr(kind)
    )


def _tensors(coder: Transcoder) -> dict[str, Tensor]:
    tensors = {
        "W_enc": coder.W_enc,
        "b_enc": coder.b_enc,
        "W_dec": coder.W_dec,
        "b_dec": coder.b_dec,
    }
    if coder.skip is not None:
        tensors["W_skip"] = coder.skip.weight
        if coder.skip.bias is not None:
            tensors["b_dec"] = coder.b_dec + coder.skip.bias
    if isinstance(coder.activation, JumpReLU):
        tensors[THRESHOLD] = coder.activation.threshold
    if isinstance(coder.activation, TopK):
        tensors["k"] = torch.tensor(coder.activation.k)
    return tensors


def _site(folder: Path, config: dict[str, Any], key: str, sites: dict[str, Site]) -> Site:
    hook = config.get(key)
    if hook not in sites:
        raise UnknownFormat(
            f"{folder / 'config.yaml'}: {key}", f"one of {', '.join(sites)}", repr(hook)
        )
    return sites[str(hook)]


def _hook(sites: dict[str, Site], site: Site) -> str:
    for hook, known in sites.items():
        if known is site:
            return hook
    raise ModelError("transcoders", f"one of {[s.value for s in sites.values()]}", site.value)
