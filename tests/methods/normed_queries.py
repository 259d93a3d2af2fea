"""Tiny random models that normalise their queries and keys."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.models import tiny_models

FAMILIES_WITH_NORMED_QUERIES = ("qwen3", "gemma3")


def save_normed_model(folder: Path, family: str) -> Path:
    import transformers

    kinds = {
        "qwen3": (transformers.Qwen3Config, transformers.Qwen3ForCausalLM),
        "gemma3": (transformers.Gemma3TextConfig, transformers.Gemma3ForCausalLM),
    }
    settings, model_class = kinds[family]
    torch.manual_seed(0)
    model = model_class(
        settings(
            vocab_size=len(tiny_models.WORDS),
            hidden_size=tiny_models.D_MODEL,
            intermediate_size=32,
            num_hidden_layers=3,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=8,
            max_position_embeddings=32,
            attention_bias=True,
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=2,
        )
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            offset = 1.0 if "norm" in name and family == "qwen3" else 0.0
            spread = 0.3 if parameter.ndim == 1 else tiny_models.D_MODEL**-0.5
            parameter.copy_(offset + spread * torch.randn_like(parameter))
    model.save_pretrained(folder)
    tiny_models.write_tokenizer(folder)
    return folder
