"""GemmaScope's parameter files, brought into the layout of circuit-tracer's.

GemmaScope publishes `params.npz` with `W_enc` [d_model, feature], `W_dec` [feature, d_model],
`b_enc`, `b_dec` and `threshold`. GemmaScope 2 publishes safetensors files with the same tensors in
small letters, and for some transcoders `affine_skip_connection`, by which x @ that is added to the
output. Where a cross-layer transcoder's features write is the middle axis of `w_dec`: all layers
of the model, or those from its own on.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from atlas.errors import ModelError
from atlas.models.checkpoints.weight_files import size_of, take, take_matrix

THRESHOLD = "activation_function.threshold"


def is_gemma_scope(weights: dict[str, Tensor], path: Path) -> bool:
    """Whether a file's tensors have GemmaScope's layout."""
    return path.suffix == ".npz" or "w_enc" in weights


def single_layer(weights: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """A transcoder's tensors as circuit-tracer names and turns them.

    Raises:
        ModelError: a tensor is missing, has the wrong shape, or is not finite.
    """
    named = _named(weights)
    width, features = size_of(named, "W_enc", path)
    return _shared(named, path) | {"W_dec": take_matrix(named, "W_dec", (features, width), path)}


def cross_layer(
    weights: dict[str, Tensor], path: Path, place: tuple[int, int]
) -> dict[str, Tensor]:
    """The tensors of one layer of a cross-layer transcoder; `place` is (layer, layers in all).

    Raises:
        ModelError: as `single_layer`.
    """
    layer, layers = place
    named = _named(weights)
    width, features = size_of(named, "W_enc", path)
    decoder = named.get("W_dec", torch.zeros(0))
    written = layers if decoder.ndim == 3 and decoder.shape[1] == layers else layers - layer
    decoder = take_matrix(named, "W_dec", (features, written, width), path)
    if layers - layer < written:
        if bool(decoder[:, :layer].any()):
            raise ModelError(f"{path}: w_dec", "zeros for earlier layers", "other numbers")
        decoder = decoder[:, layer:]
    return _shared(named, path) | {"W_dec": decoder}


def _named(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    small = {"w_enc": "W_enc", "w_dec": "W_dec"}
    return {small.get(name, name): tensor for name, tensor in weights.items()}


def _shared(named: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    width, features = size_of(named, "W_enc", path)
    tensors = {
        "W_enc": take_matrix(named, "W_enc", (width, features), path).T,
        "b_enc": take(named, "b_enc", (features,), path),
        "b_dec": take(named, "b_dec", (width,), path),
        # They are compared with values that are clipped at 0 first.
        THRESHOLD: torch.relu(take(named, "threshold", (features,), path)),
    }
    if "affine_skip_connection" in named:
        skip = take(named, "affine_skip_connection", (width, width), path)
        tensors["W_skip"] = skip.T.contiguous()
    return tensors
