"""A model and transcoders of Gemma-2-2B's and GemmaScope's shape, with random weights.

`python -m benchmarks.gemma_2_2b_shape FOLDER` writes them (13 GB; file by file, so that writing
takes little memory), traces a prompt with `atlas trace --stream` in a process of its own, and says
how much memory that process had at most. With `--keep` the files stay.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import torch
import transformers
from safetensors.torch import save_file
from torch import Tensor

from benchmarks.peak import Peak
from benchmarks.random_models import SPECIAL, write_tokenizer

WORDS = 4000  # of the 256,000 tokens that the tokenizer has words for
ACTIVE = 55  # features per token and layer, about
ROWS = 300


@dataclass(frozen=True)
class Shape:
    """Sizes; the defaults are Gemma-2-2B's and GemmaScope's."""

    layers: int = 26
    width: int = 2304
    heads: int = 8
    kv_heads: int = 4
    head: int = 256
    mlp: int = 9216
    vocabulary: int = 256_000
    features: int = 16_384


def write(shape: Shape, folder: Path) -> Path:
    """Write `model` and `transcoders` into the folder, unless they lie there already."""
    done = folder / "written"
    if done.is_file() and done.read_text() == repr(shape):
        return folder
    torch.manual_seed(0)
    _write_model(shape, folder / "model")
    _write_transcoders(shape, folder / "transcoders")
    done.write_text(repr(shape))
    return folder


def _write_model(shape: Shape, folder: Path) -> None:
    """A Hugging Face folder in bfloat16, a file for the embedding and for each layer."""
    folder.mkdir(parents=True, exist_ok=True)
    config = transformers.Gemma2Config(
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.head,
        intermediate_size=shape.mlp,
        vocab_size=shape.vocabulary,
        query_pre_attn_scalar=shape.head,
        architectures=["Gemma2ForCausalLM"],
        dtype="bfloat16",
        **SPECIAL,
    )
    config.save_pretrained(folder)
    write_tokenizer(folder, min(WORDS, shape.vocabulary))
    files = {"embedding": {"model.embed_tokens.weight": (shape.vocabulary, shape.width)}}
    files["embedding"]["model.norm.weight"] = (shape.width,)
    for layer in range(shape.layers):
        files[f"layer_{layer}"] = {
            f"model.layers.{layer}.{name}.weight": size for name, size in _layer(shape).items()
        }
    places, total = {}, 0
    for file, tensors in files.items():
        made = {name: _random(size) for name, size in tensors.items()}
        save_file(made, folder / f"{file}.safetensors", metadata={"format": "pt"})
        places |= dict.fromkeys(tensors, f"{file}.safetensors")
        total += sum(each.nbytes for each in made.values())
    index = {"metadata": {"total_size": total}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def _layer(shape: Shape) -> dict[str, tuple[int, ...]]:
    """The sizes of one layer's tensors."""
    width, heads, values = shape.width, shape.heads * shape.head, shape.kv_heads * shape.head
    norms = ("input", "post_attention", "pre_feedforward", "post_feedforward")
    return {
        "self_attn.q_proj": (heads, width),
        "self_attn.k_proj": (values, width),
        "self_attn.v_proj": (values, width),
        "self_attn.o_proj": (width, heads),
        "mlp.gate_proj": (shape.mlp, width),
        "mlp.up_proj": (shape.mlp, width),
        "mlp.down_proj": (width, shape.mlp),
        **{f"{name}_layernorm": (width,) for name in norms},
    }


def _random(size: tuple[int, ...]) -> Tensor:
    """Weights that keep the size of what they act on; norms are stored less 1."""
    scale = 0.1 if len(size) == 1 else size[1] ** -0.5
    return torch.randn(size, dtype=torch.bfloat16) * scale


def _write_transcoders(shape: Shape, folder: Path) -> None:
    """In float32, as GemmaScope publishes them, in circuit-tracer's layout.

    What they read is normed, so that random encoders' values are standard normal and the threshold
    sets how many features are active.
    """
    folder.mkdir(parents=True, exist_ok=True)
    hooks = "feature_input_hook: ln2.hook_normalized\nfeature_output_hook: hook_mlp_out\n"
    text = f"model_name: gemma-2-2b-shape\nmodel_kind: transcoder_set\n{hooks}"
    (folder / "config.yaml").write_text(text)
    threshold = NormalDist().inv_cdf(1 - ACTIVE / shape.features)
    for layer in range(shape.layers):
        matrices = torch.randn(2, shape.features, shape.width) / shape.width**0.5
        tensors = {
            "W_enc": matrices[0],
            "W_dec": matrices[1].clone(),
            "b_enc": torch.zeros(shape.features),
            "b_dec": 0.1 * torch.randn(shape.width),
            "activation_function.threshold": torch.full((shape.features,), threshold),
        }
        save_file(tensors, folder / f"layer_{layer}.safetensors")


def trace(folder: Path, options: list[str], tokens: int) -> dict[str, float]:
    """Seconds and the most memory of `atlas trace` on a prompt of some tokens."""
    words = " ".join(f"w{7 + 31 * number % 3000}" for number in range(tokens - 1))
    command = [sys.executable, "-m", "atlas", "trace", "--model", str(folder / "model")]
    command += ["--dictionary", str(folder / "transcoders"), "--prompt", words, *options]
    started = time.perf_counter()
    process = subprocess.Popen(command)
    peak = Peak(process.pid)
    peak.watch(process)
    if process.returncode:
        raise SystemExit(process.returncode)
    return {"seconds": time.perf_counter() - started, **peak.figures()}


def main() -> None:
    """Write, trace, say what it took, and take the files away."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tokens", type=int, default=24)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    write(Shape(), given.folder)
    options = ["--stream", "--max-feature-nodes", str(given.rows)]
    options += ["--out", str(given.folder / "graph.npz")]
    print(json.dumps(trace(given.folder, options, given.tokens), indent=2))
    if not given.keep:
        shutil.rmtree(given.folder)


if __name__ == "__main__":
    main()
