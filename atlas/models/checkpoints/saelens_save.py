"""Writes autoencoders and transcoders of single layers as SAELens saves them.

One folder per layer, `layer-<i>`, with cfg.json and sae_weights.safetensors. SAELens itself is not
imported; it reads what is written here, as does `saelens.load`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from atlas.errors import ModelError
from atlas.models.activation_functions import ReLU, TopK
from atlas.models.checkpoints.saelens import AUTOENCODER_SITES, INPUT_SITES, OUTPUT_SITES
from atlas.models.checkpoints.weight_files import write_weights
from atlas.models.coders import SingleLayerCoder, Transcoder
from atlas.models.dictionaries import SparseAutoencoderSet, TranscoderSet
from atlas.models.sites import hook_of

ELSEWHERE = "SAELens has no name for it; write circuit-tracer's layout, which has"


def save(dictionary: TranscoderSet | SparseAutoencoderSet, folder: Path, model_name: str) -> None:
    """Write a dictionary so that SAELens and `saelens.load` read the same function.

    BatchTopK and gates become the JumpReLU that they equal, and a skip connection's own bias goes
    into `b_dec`.

    SAELens has no transcoders with TopK, clips what TopK keeps at 0, and clips pre-activations at 0
    before it compares them with a threshold. What does otherwise is refused; transcoders that do
    can be written as `circuit_tracer.save` does.

    Raises:
        ModelError: a site or an activation function that SAELens has no name for.
    """
    for layer in dictionary.layer_numbers:
        coder: SingleLayerCoder = dictionary.layers[layer]
        tensors, extra = _weights(coder, f"{dictionary.name}: layer {layer}")
        config: dict[str, Any] = {
            "d_in": coder.width,
            "d_sae": coder.features,
            "dtype": "float32",
            "device": "cpu",
            "apply_b_dec_to_input": False,  # whatever is subtracted has gone into b_enc
            "normalize_activations": "none",
            "reshape_activations": "none",
            "metadata": {"model_name": model_name, **_hooks(dictionary, layer)},
            **extra,
        }
        part = folder / f"layer-{layer}"
        part.mkdir(parents=True, exist_ok=True)
        write_weights(part / "sae_weights.safetensors", tensors)
        text = json.dumps(config, indent=1, sort_keys=True)
        (part / "cfg.json").write_text(text + "\n", encoding="utf-8")


def _weights(coder: SingleLayerCoder, where: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a layer, and what cfg.json says of the kind of coder."""
    tensors = {
        "W_enc": coder.encoder().T.contiguous(),
        "b_enc": coder.b_enc,
        "W_dec": coder.decoder().contiguous(),
        "b_dec": coder.b_dec,
    }
    function, extra = _function(coder, where)
    tensors |= function
    if not isinstance(coder, Transcoder):
        return tensors, extra
    if extra["architecture"] == "topk":
        raise ModelError(where, "relu or a threshold in transcoders", "topk", ELSEWHERE)
    extra["d_out"] = coder.width
    kind = "transcoder"
    if coder.skip is not None:
        kind = "skip_transcoder"
        tensors["W_skip"] = coder.skip.weight
        if coder.skip.bias is not None:
            tensors["b_dec"] = coder.b_dec + coder.skip.bias
    extra["architecture"] = kind if extra["architecture"] == "standard" else f"jumprelu_{kind}"
    return tensors, extra


def _function(coder: SingleLayerCoder, where: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and settings of the activation function, named as for autoencoders."""
    elsewhere = ELSEWHERE if isinstance(coder, Transcoder) else ""
    if isinstance(coder.activation, ReLU):
        return {}, {"architecture": "standard"}
    if isinstance(coder.activation, TopK):
        if not coder.activation.rectified:
            raise ModelError(where, "TopK of values clipped at 0", "TopK of any values", elsewhere)
        return {}, {
            "architecture": "topk",
            "k": coder.activation.k,
            "rescale_acts_by_decoder_norm": False,
        }
    threshold = coder.activation.threshold_of(coder.features)
    if threshold is None or bool((threshold < 0).any()):
        found = coder.activation.name() if threshold is None else "thresholds below 0"
        raise ModelError(where, "relu, topk, or thresholds from 0 on", found, elsewhere)
    return {"threshold": threshold.expand(coder.features).clone()}, {"architecture": "jumprelu"}


def _hooks(dictionary: TranscoderSet | SparseAutoencoderSet, layer: int) -> Mapping[str, str]:
    """The hooks that are read and written, as TransformerLens calls them."""
    if isinstance(dictionary, SparseAutoencoderSet):
        site = hook_of(dictionary.feature_input, AUTOENCODER_SITES, dictionary.name)
        return {"hook_name": f"blocks.{layer}.{site}"}
    reads = hook_of(dictionary.feature_input, INPUT_SITES, dictionary.name)
    writes = hook_of(dictionary.feature_output, OUTPUT_SITES, dictionary.name)
    return {"hook_name": f"blocks.{layer}.{reads}", "hook_name_out": f"blocks.{layer}.{writes}"}
