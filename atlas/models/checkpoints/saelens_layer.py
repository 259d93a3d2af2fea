"""The tensors of one SAELens folder, folded so that a = activation(W_enc x + b_enc) holds as it is.

The decoder bias that is subtracted from the input goes into the encoder's bias, TopK's rescaling
by decoder norms into the encoder. Two rows of a gated encoder become one with a `Gated` function.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from atlas.models.activation_functions import (
    ActivationFunction,
    BatchTopK,
    Gated,
    JumpReLU,
    ReLU,
    TopK,
)
from atlas.models.checkpoints.weight_files import take
from atlas.models.coders import Skip, SparseAutoencoder, Transcoder

TRANSCODERS = (
    "transcoder",
    "skip_transcoder",
    "jumprelu_transcoder",
    "jumprelu_skip_transcoder",
)
AUTOENCODERS = ("standard", "topk", "jumprelu", "batchtopk", "gated")


def autoencoder(
    config: dict[str, Any], weights: dict[str, Tensor], path: Path
) -> SparseAutoencoder:
    """The autoencoder; ModelError if a tensor is missing, not finite, or of the wrong shape."""
    return SparseAutoencoder(*_parts(config, weights, path))


def transcoder(config: dict[str, Any], weights: dict[str, Tensor], path: Path) -> Transcoder:
    """The transcoder, y = a W_dec + b_dec + W_skip x; errors as in `autoencoder`."""
    width = int(config["d_in"])
    skip = Skip(take(weights, "W_skip", (width, width), path)) if "W_skip" in weights else None
    return Transcoder(*_parts(config, weights, path), skip=skip)


def _parts(
    config: dict[str, Any], weights: dict[str, Tensor], path: Path
) -> tuple[Tensor, Tensor, Tensor, Tensor, ActivationFunction]:
    """Encoder, its bias, decoder, its bias and activation function."""
    width, features = int(config["d_in"]), int(config["d_sae"])
    W_enc = take(weights, "W_enc", (width, features), path).T.contiguous()  # noqa: N806
    W_dec = take(weights, "W_dec", (features, width), path)  # noqa: N806
    b_dec = take(weights, "b_dec", (width,), path)
    subtracted = torch.zeros(features, dtype=W_enc.dtype)
    if config.get("apply_b_dec_to_input", config["architecture"] not in TRANSCODERS):
        subtracted = W_enc @ b_dec
    if config["architecture"] == "gated":
        scale = take(weights, "r_mag", (features,), path).exp()
        b_enc = take(weights, "b_mag", (features,), path) - scale * subtracted
        gate = take(weights, "b_gate", (features,), path) - subtracted
        gated = Gated(1 / scale, gate - b_enc / scale)
        return W_enc * scale[:, None], b_enc, W_dec, b_dec, gated
    b_enc = take(weights, "b_enc", (features,), path) - subtracted
    if config.get("rescale_acts_by_decoder_norm", False):
        norms = W_dec.norm(dim=-1).clamp(min=1e-8)  # the floor that SAELens uses
        W_enc, b_enc, W_dec = W_enc * norms[:, None], b_enc * norms, W_dec / norms[:, None]  # noqa: N806
    return W_enc, b_enc, W_dec, b_dec, _activation(config, weights, features, path)


def _activation(
    config: dict[str, Any], weights: dict[str, Tensor], features: int, path: Path
) -> ActivationFunction:
    architecture = config["architecture"]
    if architecture == "topk":
        return TopK(int(config["k"]), rectified=True)
    if architecture == "jumprelu" and "log_threshold" in weights:
        return JumpReLU(take(weights, "log_threshold", (features,), path).exp())
    if architecture == "batchtopk" and "topk_threshold" in weights:
        return BatchTopK(float(take(weights, "topk_threshold", (), path)))
    if architecture.startswith("jumprelu") or architecture == "batchtopk":
        # They are compared with values that are clipped at 0 first.
        return JumpReLU(torch.relu(take(weights, "threshold", (features,), path)))
    return ReLU()
