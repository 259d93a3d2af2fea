"""Loads a Hugging Face folder and transcoders of one's own into circuit-tracer, without a hub.

Runs in the peer's environment. Its own entry point knows published models only, so the settings
that it would look up by a model's name are written from the folder's config.json here.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import torch
import yaml
from circuit_tracer.replacement_model.replacement_model_transformerlens import (
    TransformerLensReplacementModel,
)
from circuit_tracer.transcoder.activation_functions import TopK
from circuit_tracer.transcoder.cross_layer_transcoder import load_clt
from circuit_tracer.transcoder.single_layer_transcoder import load_transcoder_set
from safetensors.torch import load_file, save_file
from transformer_lens import HookedTransformerConfig
from transformer_lens.pretrained import weight_conversions
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

CONVERSIONS = {
    "LlamaForCausalLM": weight_conversions.convert_llama_weights,
    "Gemma2ForCausalLM": weight_conversions.convert_gemma_weights,
    "GPT2LMHeadModel": weight_conversions.convert_gpt2_weights,
}


def load(model_folder: Path, transcoder_folder: Path) -> TransformerLensReplacementModel:
    """The replacement model, all of it in memory."""
    source = AutoModelForCausalLM.from_pretrained(model_folder, attn_implementation="eager")
    config = HookedTransformerConfig.from_dict(_config(source.config))
    # Said to add a first token, because TransformerLens would otherwise read the folder itself, by
    # a class that the folder's config.json names and older versions of transformers lack.
    tokenizer = PreTrainedTokenizerFast.from_pretrained(model_folder, add_bos_token=True)
    model = TransformerLensReplacementModel(config, tokenizer=tokenizer, move_to_device=False)
    weights = CONVERSIONS[config.original_architecture](source, config)
    model.load_and_process_state_dict(
        weights,
        fold_ln=False,
        center_writing_weights=False,
        center_unembed=False,
        fold_value_biases=False,
    )
    model._configure_replacement_model(_transcoders(transcoder_folder))
    return model


def _config(source: Any) -> dict[str, Any]:
    shape = {
        "n_layers": source.num_hidden_layers,
        "d_model": source.hidden_size,
        "n_heads": source.num_attention_heads,
        "d_vocab": source.vocab_size,
        "n_ctx": source.max_position_embeddings,
        "d_head": getattr(source, "head_dim", source.hidden_size // source.num_attention_heads),
        "original_architecture": source.architectures[0],
        "model_name": source.model_type,
        "init_weights": False,
        "device": "cpu",
    }
    if source.model_type == "gpt2":
        own = {
            "d_mlp": source.n_inner,
            "act_fn": source.activation_function,
            "eps": source.layer_norm_epsilon,
            "normalization_type": "LN",
        }
        return shape | own
    shape |= {
        "d_mlp": source.intermediate_size,
        "act_fn": getattr(source, "hidden_act", None) or source.hidden_activation,
        "eps": source.rms_norm_eps,
        "normalization_type": "RMS",
        "final_rms": True,
        "positional_embedding_type": "rotary",
        "rotary_dim": shape["d_head"],
        "rotary_base": source.rope_theta,
        "rotary_adjacent_pairs": False,
        "gated_mlp": True,
        "n_key_value_heads": source.num_key_value_heads,
    }
    if source.model_type == "gemma2":
        return shape | _gemma_2(source)
    if source.num_key_value_heads == source.num_attention_heads:
        shape["n_key_value_heads"] = None
    return shape


def _gemma_2(source: Any) -> dict[str, Any]:
    return {
        "window_size": source.sliding_window,
        "use_local_attn": True,
        "attn_types": ["local", "global"] * (source.num_hidden_layers // 2),
        "attn_scores_soft_cap": source.attn_logit_softcapping,
        "output_logits_soft_cap": source.final_logit_softcapping,
        "attn_scale": math.sqrt(source.query_pre_attn_scalar),
        "use_normalization_before_and_after": True,
    }


def _transcoders(folder: Path) -> Any:
    config = yaml.safe_load((folder / "config.yaml").read_text())
    hooks = {name: config[name] for name in ("feature_input_hook", "feature_output_hook")}
    in_memory = {"lazy_encoder": False, "lazy_decoder": False}
    if config["model_kind"] == "cross_layer_transcoder":
        return load_clt(str(folder), **hooks, scan="own", dtype=torch.float32, **in_memory)
    files = sorted(folder.glob("layer_*.safetensors"), key=lambda file: int(file.stem[6:]))
    if config["activation"] != "topk":
        paths = {layer: str(file) for layer, file in enumerate(files)}
        return load_transcoder_set(paths, "own", **hooks, **in_memory)
    with tempfile.TemporaryDirectory() as copies:
        paths = {layer: _without_k(file, Path(copies)) for layer, file in enumerate(files)}
        loaded = load_transcoder_set(paths, "own", **hooks, **in_memory)
    for transcoder in loaded:
        transcoder.activation_function = TopK(config["k"])
    return loaded


def _without_k(file: Path, folder: Path) -> str:
    """A copy that circuit-tracer can read: it has TopK, but reads it from no file.

    From a file that says nothing of thresholds it reads ReLU, and it refuses one with a `k`.
    """
    tensors = {name: tensor for name, tensor in load_file(file).items() if name != "k"}
    save_file(tensors, folder / file.name)
    return str(folder / file.name)
