"""The sizes of models and dictionaries, read from their configs and files' headers alone.

No weight is read and torch is not needed, so that what fits can be said before anything is loaded.
"""

from __future__ import annotations

import json
import math
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atlas.errors import DAMAGED, MISSHAPEN, UnknownFormat
from atlas.models.checkpoints.mapped_arrays import read_header

# What configs call the same number, the usual word first.
WORDS = {
    "layers": ("num_hidden_layers", "n_layer", "num_layers"),
    "d_model": ("hidden_size", "n_embd", "d_model"),
    "heads": ("num_attention_heads", "n_head"),
    "d_mlp": ("intermediate_size", "n_inner", "ffn_dim"),
    "d_vocab": ("vocab_size",),
    "kv_heads": ("num_key_value_heads",),
    "d_head": ("head_dim",),
}
ITEMS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "U8": 1, "I8": 1, "BOOL": 1}
POST_NORM = "post_feedforward_layernorm"  # its weight is folded into copies of the output weights
MOST_LAYERS = 10_000  # what a config may ask for; each is listed tensor by tensor
LARGEST_SIZE = 1 << 32  # of anything else
LONGEST_HEADER = 100_000_000  # bytes; the limit that safetensors itself has


@dataclass(frozen=True)
class StoredTensor:
    """A tensor in a file."""

    name: str
    shape: tuple[int, ...]
    item: int  # bytes of one number

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Its size in the file."""
        return self.numbers * self.item

    @property
    def brought(self) -> int:
        """How many numbers are needed at a time: of a stack of experts those of one."""
        return self.numbers // self.shape[0] if len(self.shape) == 3 else self.numbers

    @property
    def is_one_expert(self) -> bool:
        """Whether it is a matrix of one expert, which transformers stacks with the others."""
        return re.search(r"\.experts\.\d+\.", self.name) is not None


@dataclass(frozen=True)
class ModelShape:
    """The sizes of a language model."""

    layers: int
    d_model: int
    heads: int
    kv_heads: int
    d_head: int
    d_mlp: int
    d_vocab: int
    post_norms: bool
    tensors: tuple[StoredTensor, ...]

    @property
    def matrices(self) -> tuple[StoredTensor, ...]:
        """All that is no norm and no bias."""
        return tuple(each for each in self.tensors if len(each.shape) > 1)

    @property
    def vectors(self) -> tuple[StoredTensor, ...]:
        """Norms and biases."""
        return tuple(each for each in self.tensors if len(each.shape) < 2)

    @property
    def largest_in_layers(self) -> int:
        """Numbers of the largest matrix that is no embedding."""
        inside = [each.brought for each in self.matrices if each.shape[0] != self.d_vocab]
        return max(inside, default=0)


@dataclass(frozen=True)
class DictionaryShape:
    """The sizes of a dictionary's files."""

    tensors: tuple[StoredTensor, ...]

    @property
    def matrices(self) -> tuple[StoredTensor, ...]:
        """Encoders and decoders."""
        return tuple(each for each in self.tensors if len(each.shape) > 1)

    @property
    def features(self) -> int:
        """Features of a layer, the most that one has."""
        return max((max(each.shape) for each in self.matrices if len(each.shape) == 2), default=0)


def model_shape(folder: Path) -> ModelShape:
    """The sizes of the model in a Hugging Face folder; without weights there, by its config.

    Raises:
        UnknownFormat: no config.json with the sizes of a transformer, or broken weights.
    """
    path = Path(folder) / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        config = config.get("text_config", config)
        sizes = {name: _size(config, name) for name in WORDS}
        heads, width = sizes["heads"], sizes["d_model"]
        given = {
            **sizes,
            "kv_heads": sizes["kv_heads"] or heads,
            "d_head": sizes["d_head"] or width // heads,
            "d_mlp": sizes["d_mlp"] or 4 * width,
        }
    except (OSError, *MISSHAPEN) as error:
        raise UnknownFormat(str(path), "a transformer's config", str(error)) from error
    if not all(given.values()):
        lacking = ", ".join(name for name, size in given.items() if not size)
        raise UnknownFormat(str(path), "a transformer's config", f"one without {lacking}")
    tensors = tuple(_tensors_in(Path(folder)))
    if not tensors:
        tensors = tuple(_usual_tensors(given, config))
    post_norms = any(POST_NORM in each.name for each in tensors)
    return ModelShape(**given, post_norms=post_norms, tensors=tensors)


def dictionary_shape(folder: Path) -> DictionaryShape | None:
    """The sizes of the dictionary in a folder; None where no file of it lies there.

    Raises:
        UnknownFormat: a broken file.
    """
    tensors = tuple(_tensors_in(Path(folder)))
    return DictionaryShape(tensors) if tensors else None


def _tensors_in(folder: Path) -> Iterator[StoredTensor]:
    for path in sorted(folder.rglob("*.safetensors")):
        yield from _in_safetensors(path)
    for path in sorted(folder.rglob("*.npz")):
        yield from _in_archive(path)


def _in_safetensors(path: Path) -> Iterator[StoredTensor]:
    """The tensors of a safetensors file: 8 bytes of length, then JSON."""
    try:
        with path.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > LONGEST_HEADER:
                raise ValueError(f"a header of {length} bytes")
            header = json.loads(stream.read(length))
        for name, entry in header.items():
            if name != "__metadata__":
                yield StoredTensor(name, tuple(map(int, entry["shape"])), ITEMS[entry["dtype"]])
    except DAMAGED as error:
        raise UnknownFormat(str(path), "a whole safetensors file", repr(error)) from error


def _in_archive(path: Path) -> Iterator[StoredTensor]:
    """The arrays of an .npz archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as stream:
                    shape, _, dtype = read_header(stream)
                yield StoredTensor(name.removesuffix(".npy"), shape, dtype.itemsize)
    except DAMAGED as error:
        raise UnknownFormat(str(path), "a whole .npz file", repr(error)) from error


def _usual_tensors(sizes: Mapping[str, int], config: Mapping[str, Any]) -> Iterator[StoredTensor]:
    """The matrices of a gated transformer of these sizes, as nearly all are."""
    width, mlp = sizes["d_model"], sizes["d_mlp"]
    stored = str(config.get("dtype") or config.get("torch_dtype") or "float32")
    item = 2 if stored in ("bfloat16", "float16") else 4
    for number in range(1 if config.get("tie_word_embeddings", True) else 2):
        yield StoredTensor(f"embedding {number}", (sizes["d_vocab"], width), item)
    heads, values = sizes["heads"] * sizes["d_head"], sizes["kv_heads"] * sizes["d_head"]
    for layer in range(sizes["layers"]):
        for rows in (heads, values, values, heads, mlp, mlp, mlp):
            yield StoredTensor(f"layer {layer}", (rows, width), item)


def _size(config: Mapping[str, Any], name: str) -> int:
    """What the config says of it, by the first of its words that is there; 0 where none is."""
    size = int(next((config[word] for word in WORDS[name] if config.get(word)), 0))
    most = MOST_LAYERS if name == "layers" else LARGEST_SIZE
    if not 0 <= size <= most:
        raise ValueError(f"{WORDS[name][0]}: {str(size)[:20]}")
    return size
