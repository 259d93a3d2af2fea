"""The TinyStories model of llama2.c (v0 files) as a Hugging Face folder.

The file: seven int32 (dim, hidden, layers, heads, key and value heads, vocabulary, context), then
float32 weights, layer after layer per kind. Queries and keys are rotated in adjacent pairs; Hugging
Face rotates halves, so their rows are reordered.
"""

import json
import struct
from pathlib import Path

import numpy as np
import torch

BOS, EOS = 1, 2


def write_folder(weights: Path, tokens: Path, folder: Path) -> Path:
    """Write the model and its tokenizer so that transformers load them; give the folder."""
    from transformers import LlamaConfig, LlamaForCausalLM

    raw = weights.read_bytes()
    dim, hidden, layers, heads, groups, vocabulary, context = struct.unpack("<7i", raw[:28])
    values = np.frombuffer(raw, dtype="<f4", offset=28)
    config = LlamaConfig(
        hidden_size=dim, intermediate_size=hidden, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=groups, vocab_size=vocabulary,
        max_position_embeddings=context, rms_norm_eps=1e-5, rope_theta=10000.0,
        tie_word_embeddings=True, bos_token_id=BOS, eos_token_id=EOS,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    model.load_state_dict(_tensors(values, (dim, hidden, layers, heads, groups, vocabulary)))
    model.save_pretrained(folder)
    _write_tokenizer(tokens, vocabulary, folder)
    return folder


def _tensors(values, sizes) -> dict[str, torch.Tensor]:
    dim, hidden, layers, heads, groups, vocabulary = sizes
    narrow = dim // heads * groups
    found = {}
    at = 0

    def take(*shape: int) -> torch.Tensor:
        nonlocal at
        count = int(np.prod(shape))
        taken = torch.from_numpy(values[at : at + count].reshape(shape).copy())
        at += count
        return taken

    def halves(rows: torch.Tensor, count: int) -> torch.Tensor:
        pairs = rows.view(count, -1, 2, dim)
        return pairs.transpose(1, 2).reshape(rows.shape)

    found["model.embed_tokens.weight"] = take(vocabulary, dim)
    kinds = [
        ("input_layernorm", (dim,)), ("self_attn.q_proj", (dim, dim)),
        ("self_attn.k_proj", (narrow, dim)), ("self_attn.v_proj", (narrow, dim)),
        ("self_attn.o_proj", (dim, dim)), ("post_attention_layernorm", (dim,)),
        ("mlp.gate_proj", (hidden, dim)), ("mlp.down_proj", (dim, hidden)),
        ("mlp.up_proj", (hidden, dim)),
    ]  # fmt: skip
    for name, shape in kinds:
        for layer in range(layers):
            tensor = take(*shape)
            if "q_proj" in name or "k_proj" in name:
                tensor = halves(tensor, heads if "q_proj" in name else groups)
            found[f"model.layers.{layer}.{name}.weight"] = tensor
    found["model.norm.weight"] = take(dim)
    found["lm_head.weight"] = found["model.embed_tokens.weight"]
    return found


def _write_tokenizer(path: Path, vocabulary: int, folder: Path) -> None:
    """Pieces with scores become a byte-pair encoding: the best-scored piece is merged first."""
    from tokenizers import Tokenizer, decoders, models, normalizers
    from transformers import PreTrainedTokenizerFast

    raw = path.read_bytes()
    at, pieces = 4, []
    for _ in range(vocabulary):
        score, length = struct.unpack("<fi", raw[at : at + 8])
        pieces.append((raw[at + 8 : at + 8 + length].decode("utf-8"), score))
        at += 8 + length
    special = ["<unk>", "<s>", "</s>"]
    names = [*special, *(f"<0x{byte:02X}>" for byte in range(256))]
    names += [piece.replace(" ", "▁") for piece, _ in pieces[len(names) :]]
    ids = {name: number for number, name in enumerate(names)}
    merges = [
        (number, (name[:cut], name[cut:]))
        for number, name in enumerate(names)
        if number >= len(special) + 256
        for cut in range(1, len(name))
        if name[:cut] in ids and name[cut:] in ids
    ]
    merges.sort(key=lambda merge: -pieces[merge[0]][1])
    tokenizer = Tokenizer(
        models.BPE(ids, [pair for _, pair in merges], unk_token="<unk>", byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
        decoders.Strip(" ", 1, 0),
    ])  # fmt: skip
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    ).save_pretrained(folder)
    config = folder / "tokenizer_config.json"
    kept = json.loads(config.read_text()) | {"add_bos_token": False}
    config.write_text(json.dumps(kept))
