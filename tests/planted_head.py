"""A model of one layer with many heads, one of which is known to carry the answer.

All heads look at every token alike. Head 0 reads which city the prompt names and writes the
direction of that city's answer; all others write as much in directions of their own. There are no
MLPs, so nothing else can bring the answer to the last position.
"""

from __future__ import annotations

from pathlib import Path

import torch

from atlas.models.language_model import LanguageModel
from tests.models import tiny_models
from tests.planted_entries import ANSWERS, CITIES

HEADS, D_HEAD, WIDTH = 32, 16, 64
LOUD = 31  # the head that writes three times as much as the others
CARRIER, IDLE = 0, 1
GAIN = 6.0


def planted_head_model(folder: Path) -> LanguageModel:
    """The model, its files written to the folder."""
    from transformers import LlamaConfig, LlamaForCausalLM

    words = len(tiny_models.WORDS)
    config = LlamaConfig(
        hidden_size=WIDTH, intermediate_size=8, num_hidden_layers=1, num_attention_heads=HEADS,
        num_key_value_heads=HEADS, head_dim=D_HEAD, vocab_size=words, max_position_embeddings=32,
        tie_word_embeddings=True, bos_token_id=0, eos_token_id=1, pad_token_id=2,
    )  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    model = LlamaForCausalLM(config)
    embedding, _ = torch.linalg.qr(torch.randn(WIDTH, words, generator=generator))
    values = torch.randn(HEADS, D_HEAD, WIDTH, generator=generator) / WIDTH**0.5
    outputs = torch.randn(HEADS, WIDTH, D_HEAD, generator=generator) / D_HEAD**0.5
    values[CARRIER], outputs[CARRIER] = 0.0, 0.0
    for number, (city, answer) in enumerate(zip(CITIES, ANSWERS, strict=True)):
        from_city, to_answer = (tiny_models.WORDS.index(word) for word in (city, answer))
        values[CARRIER, number] = embedding[:, from_city]
        outputs[CARRIER, :, number] = embedding[:, to_answer]
    outputs = outputs * (_length(embedding, values, outputs, CARRIER) / torch.tensor(
        [float(_length(embedding, values, outputs, head)) for head in range(HEADS)]
    ))[:, None, None]  # fmt: skip
    outputs[LOUD] *= 3
    layer = model.model.layers[0]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_() if parameter.ndim > 1 else parameter.fill_(1.0)
        model.model.embed_tokens.weight.copy_(embedding.T)
        layer.self_attn.v_proj.weight.copy_(values.reshape(-1, WIDTH))
        layer.self_attn.o_proj.weight.copy_(GAIN * outputs.transpose(0, 1).reshape(WIDTH, -1))
    model.save_pretrained(folder)
    tiny_models.write_tokenizer(folder)
    return LanguageModel.load(str(folder))


def _length(
    embedding: torch.Tensor, values: torch.Tensor, outputs: torch.Tensor, head: int
) -> torch.Tensor:
    """How much a head writes about all words together."""
    return (outputs[head] @ values[head] @ embedding).norm()
