"""Readers of files with arrays: graphs, dashboards, weights, labelled tokens, a vector."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import torch
import yaml
from safetensors.torch import save

from atlas.commands.target_options import read_vector
from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.dashboards.shard_arrays import ArrayFile
from atlas.dashboards.shards import shards
from atlas.graphs.graph import AttributionGraph
from atlas.models.checkpoints import circuit_tracer, gemma_scope_1
from atlas.models.shapes import dictionary_shape
from tests.dashboards.planted_table import planted_table
from tests.fuzz.inputs import anything_like
from tests.fuzz.reader import Reader, of_file
from tests.graphs.hand_graphs import small_graph

WIDTH, FEATURES = 4, 3
WEIGHTS = {
    "W_enc": torch.ones(FEATURES, WIDTH),
    "W_dec": torch.ones(FEATURES, WIDTH),
    "b_enc": torch.ones(FEATURES),
    "b_dec": torch.ones(WIDTH),
}


def array_readers(folder: Path) -> dict[str, Reader]:
    """All of them by name; `folder` is theirs to write in."""
    return {
        "a graph (.npz)": _graph_file(folder / "graph.npz"),
        "a shard of dashboards": _shard(folder / "a.shard"),
        "labelled tokens (.npz)": _labelled_tokens(folder / "tokens.npz"),
        "a vector (.npy)": _vector(folder / "vector.npy"),
        "safetensors": _tensors(folder / "tensors"),
        "the header of safetensors": _tensor_header(folder / "header"),
        "a dictionary's params.npz": _arrays(folder / "gemma-scope-2b-pt-res"),
        "the headers of params.npz": _array_headers(folder / "archive"),
    }


def _graph_file(path: Path) -> Reader:
    small_graph().save(path)
    good = path.read_bytes()
    return Reader(of_file(path, AttributionGraph.load), anything_like(good), good)


def _shard(path: Path) -> Reader:
    ((_, shard),) = shards(*planted_table(2, 4), 4)
    good = gzip.decompress(shard.packed())

    def read(content: bytes) -> object:
        path.write_bytes(gzip.compress(content, 1))
        return ArrayFile.read(path)

    return Reader(read, anything_like(good), good)


def _labelled_tokens(path: Path) -> Reader:
    labelled = LabelledTokens(
        tokens=np.array([[1, 5, 6, 0], [1, 6, 6, 7]], dtype=np.int16),
        codes={"state": np.array([[0, 0, 1, -1], [-1, -1, 0, 1]], dtype=np.int8)},
        values={"state": ("Texas", "California")},
        behaviour=np.array([0, 1], dtype=np.int8),
        behaviours=("two-hop", "agreement"),
        pad_id=0,
    )
    labelled.save(path)
    good = path.read_bytes()

    def read(path: Path) -> object:
        found = LabelledTokens.load(path)
        return [found.latent(name) for name in found.latents], found.is_word()

    return Reader(of_file(path, read), anything_like(good), good)


def _vector(path: Path) -> Reader:
    np.save(path, np.ones(WIDTH, np.float32))
    good = path.read_bytes()
    return Reader(of_file(path, read_vector), anything_like(good), good)


def _tensors(folder: Path) -> Reader:
    folder.mkdir()
    config = {
        "model_name": "m", "model_kind": "transcoder_set", "feature_input_hook": "mlp.hook_in",
        "feature_output_hook": "mlp.hook_out",
    }  # fmt: skip
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    read = of_file(folder / "layer_0.safetensors", lambda path: circuit_tracer.load(path.parent))
    good = save(WEIGHTS)
    return Reader(read, anything_like(good), good)


def _tensor_header(folder: Path) -> Reader:
    """As it is read for what a model would need, without its numbers."""
    folder.mkdir()
    good = save(WEIGHTS)
    read = of_file(folder / "model.safetensors", lambda path: dictionary_shape(path.parent))
    return Reader(read, anything_like(good), good)


def _arrays(repository: Path) -> Reader:
    """As GemmaScope publishes a layer."""
    folder = repository / "layer_3" / "width_16k" / "average_l0_71"
    folder.mkdir(parents=True)
    read = of_file(folder / "params.npz", lambda path: gemma_scope_1.load(repository))
    good = _published()
    return Reader(read, anything_like(good), good)


def _array_headers(folder: Path) -> Reader:
    folder.mkdir()
    read = of_file(folder / "params.npz", lambda path: dictionary_shape(path.parent))
    good = _published()
    return Reader(read, anything_like(good), good)


def _published() -> bytes:
    arrays = {name: tensor.numpy() for name, tensor in WEIGHTS.items()}
    arrays |= {"W_enc": arrays["W_enc"].T, "threshold": np.ones(FEATURES, np.float32)}
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    return packed.getvalue()
