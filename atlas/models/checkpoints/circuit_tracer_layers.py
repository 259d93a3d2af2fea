"""The files of one layer of transcoders as circuit-tracer publishes them.

Per layer, `layer_<i>.safetensors`: `W_enc` and `W_dec` [feature, d_model], `b_enc`, `b_dec`, with
JumpReLU `activation_function.threshold`, with a skip connection `W_skip`, by which the output gains
x W_skipᵀ. The activation function stands in config.yaml, TopK's k there or as a tensor `k`.

Across layers, `W_enc_<i>.safetensors`: `W_enc_<i>` [feature, d_model], `b_enc_<i>`, `b_dec_<i>`,
with JumpReLU `threshold_<i>`, with TopK `k_<i>`, with a skip connection `W_skip_<i>`, by which the
output gains x W_skip, not transposed; and `W_dec_<i>.safetensors`: `W_dec_<i>` [feature, layer from
i on, d_model].
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from atlas.errors import ModelError, UnknownFormat
from atlas.models.activation_functions import ActivationFunction, JumpReLU, ReLU, TopK
from atlas.models.checkpoints import gemma_scope
from atlas.models.checkpoints.gemma_scope import THRESHOLD
from atlas.models.checkpoints.weight_files import read_weights, size_of, take, take_matrix
from atlas.models.coders import Coder, CrossLayerCoder, Skip, Transcoder


def read_single_layer(path: Path, config: Mapping[str, Any]) -> Transcoder:
    """One layer's transcoder.

    Raises:
        ModelUnavailable: no such file.
        UnknownFormat: no whole safetensors or .npz file, an unknown activation function.
        ModelError: a tensor is missing, has the wrong shape, or is not finite.
    """
    weights = read_weights(path)
    if gemma_scope.is_gemma_scope(weights, path):
        weights = gemma_scope.single_layer(weights, path)
    features, width = size_of(weights, "W_enc", path)
    return Transcoder(
        W_enc=take_matrix(weights, "W_enc", (features, width), path),
        b_enc=take(weights, "b_enc", (features,), path),
        W_dec=take_matrix(weights, "W_dec", (features, width), path),
        b_dec=take(weights, "b_dec", (width,), path),
        activation=_activation(weights, config, features, path),
        skip=_skip(weights, width, path),
    )


def read_cross_layer(
    path: Path, place: tuple[int, int], config: Mapping[str, Any]
) -> CrossLayerCoder:
    """One layer of a cross-layer transcoder; `place` is (layer, layers in all).

    Raises as `read_single_layer`.
    """
    layer, layers = place
    weights = read_weights(path)
    if gemma_scope.is_gemma_scope(weights, path):
        weights = gemma_scope.cross_layer(weights, path, place)
    else:
        weights |= read_weights(path.with_name(f"W_dec_{layer}.safetensors"))
        weights = {name.removesuffix(f"_{layer}"): tensor for name, tensor in weights.items()}
        if "threshold" in weights:
            weights[THRESHOLD] = weights["threshold"]
        if "W_skip" in weights:
            weights["W_skip"] = weights["W_skip"].T.contiguous()
    features, width = size_of(weights, "W_enc", path)
    return CrossLayerCoder(
        W_enc=take_matrix(weights, "W_enc", (features, width), path),
        b_enc=take(weights, "b_enc", (features,), path),
        W_dec=take_matrix(weights, "W_dec", (features, layers - layer, width), path),
        b_dec=take(weights, "b_dec", (width,), path),
        activation=_activation(weights, config, features, path),
        skip=_skip(weights, width, path),
    )


def tensors_of(coder: Coder, layer: int) -> dict[str, dict[str, Tensor]]:
    """The tensors of one layer's files, by file name."""
    b_dec = coder.b_dec
    skip = coder.skip if isinstance(coder, Transcoder | CrossLayerCoder) else None
    if skip is not None and skip.bias is not None:
        b_dec = b_dec + skip.bias
    shared = {"W_enc": coder.W_enc, "b_enc": coder.b_enc, "b_dec": b_dec}
    if isinstance(coder.activation, TopK):
        shared["k"] = torch.tensor(min(coder.activation.k, coder.features))
    if isinstance(coder, CrossLayerCoder):
        if skip is not None:
            shared["W_skip"] = skip.weight.T
        threshold = coder.activation.threshold_of(coder.features)
        if threshold is not None:
            shared["threshold"] = threshold
        return {
            f"W_enc_{layer}.safetensors": {f"{name}_{layer}": shared[name] for name in shared},
            f"W_dec_{layer}.safetensors": {f"W_dec_{layer}": coder.W_dec},
        }
    decoder = coder.W_dec if isinstance(coder, Transcoder) else coder.decoder()
    shared |= {"W_dec": decoder} | thresholds(coder)
    if skip is not None:
        shared["W_skip"] = skip.weight
    return {f"layer_{layer}.safetensors": shared}


def thresholds(coder: Coder) -> dict[str, Tensor]:
    """The tensor of thresholds by its name; empty for a function that no JumpReLU equals."""
    threshold = coder.activation.threshold_of(coder.features)
    return {} if threshold is None else {THRESHOLD: threshold}


def _skip(weights: Mapping[str, Tensor], width: int, path: Path) -> Skip | None:
    return Skip(take(weights, "W_skip", (width, width), path)) if "W_skip" in weights else None


def _activation(
    weights: Mapping[str, Tensor], config: Mapping[str, Any], features: int, path: Path
) -> ActivationFunction:
    kind = str(config.get("activation", "")).lower().replace("_", "")
    if THRESHOLD in weights or kind == "jumprelu":
        threshold = weights.get(THRESHOLD)
        if threshold is not None and threshold.numel() == 1:
            weights = {**weights, THRESHOLD: threshold.reshape(1).expand(features)}
        return JumpReLU(take(weights, THRESHOLD, (features,), path))
    if kind == "topk":
        stored = weights.get("k")
        k = stored.item() if stored is not None and stored.numel() == 1 else config.get("k")
        if not isinstance(k, int | float) or not 1 <= k <= features:
            where = str(path.parent / "config.yaml")
            raise ModelError(where, f"k from 1 to {features}, the number of features", repr(k))
        return TopK(int(k), bool(config.get("rectified", False)))
    if kind in ("", "relu"):
        return ReLU()
    raise UnknownFormat(
        str(path.parent / "config.yaml"), "activation: relu, jumprelu or topk", repr(kind)
    )
