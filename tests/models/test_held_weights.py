"""Weights in half precision or in their files give what the same weights in full give."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from atlas.errors import ModelError
from atlas.methods.attribute import AttributionSettings, attribute
from atlas.models import held_weights
from atlas.models.bridge import BridgeSettings, boot_bridge
from atlas.models.held_weights import Arithmetic
from atlas.models.hold_model import hold
from atlas.models.language_model import LanguageModel
from atlas.models.neurons import neurons_of
from tests.models import tiny_models

PROMPT = np.array([0, 5, 6, 7, 9, 3])
STREAM = BridgeSettings(stream=True)
HALF = BridgeSettings(weights="bfloat16")


def save_rounded(folder: Path, family: str, dtype: torch.dtype) -> Path:
    """A tiny model whose weights are those of half precision, in files of a precision."""
    tiny_models.save_model(folder, family)
    path = folder / "model.safetensors"
    rounded = {name: each.bfloat16().to(dtype) for name, each in load_file(path).items()}
    path.unlink()
    save_file(rounded, path, metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    config["dtype"] = str(dtype).removeprefix("torch.")
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize(
    ("family", "settings"),
    [(family, STREAM) for family in tiny_models.FAMILIES]
    + [(family, HALF) for family in ("llama", "gemma2", "gpt2", "gpt-oss")],
)
def test_half_precision_is_traced_as_the_same_weights_in_full(family, settings, tmp_path):
    half = save_rounded(tmp_path / "half", family, torch.bfloat16)
    full = LanguageModel.load(str(save_rounded(tmp_path / "full", family, torch.float32)))
    held = LanguageModel.open(str(half), settings)
    assert held.dtype == torch.float32
    dictionary = tiny_models.random_transcoders(full, skip="affine")
    expected, found = (attribute(model, dictionary, PROMPT) for model in (full, held))
    assert np.array_equal(found.nodes.index, expected.nodes.index)
    rows, wanted = found.rows.toarray(), expected.rows.toarray()
    assert np.abs(rows - wanted).max() <= 1e-5 * np.abs(wanted).max()


@pytest.mark.parametrize("family", ["llama", "gemma2", "gpt2", "gpt-oss", "mixtral"])
def test_files_in_full_precision_give_the_same_graph_to_the_bit(family, tmp_path):
    folder = str(tiny_models.save_model(tmp_path, family))
    plain, streamed = LanguageModel.load(folder), LanguageModel.open(folder, STREAM)
    dictionary = tiny_models.random_transcoders(plain)
    graphs = [attribute(model, dictionary, PROMPT) for model in (plain, streamed)]
    assert np.array_equal(*(graph.rows.toarray() for graph in graphs))
    assert graphs[0].header == graphs[1].header


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_neurons_and_attention_scores_of_streamed_weights_are_the_same(family, tmp_path):
    folder = str(tiny_models.save_model(tmp_path, family))
    plain, streamed = LanguageModel.load(folder), LanguageModel.open(folder, STREAM)
    graphs = [attribute(model, neurons_of(model), PROMPT) for model in (plain, streamed)]
    assert np.array_equal(*(graph.rows.toarray() for graph in graphs))
    for name in ("query", "key"):
        expected, found = (getattr(model.query_key(1), name) for model in (plain, streamed))
        assert torch.equal(expected, found)


def test_the_vocabulary_can_be_brought_in_several_portions(tmp_path, monkeypatch):
    folder = str(tiny_models.save_model(tmp_path, "gemma2"))
    plain, streamed = LanguageModel.load(folder), LanguageModel.open(folder, STREAM)
    monkeypatch.setattr(held_weights, "ROWS", 7)
    ids = torch.from_numpy(PROMPT)[None]
    torch.testing.assert_close(streamed.logits(ids), plain.logits(ids), atol=1e-5, rtol=0)
    dictionary = tiny_models.random_transcoders(plain)
    expected, found = (
        attribute(model, dictionary, PROMPT, AttributionSettings(max_feature_nodes=20))
        for model in (plain, streamed)
    )
    assert np.abs(found.rows.toarray() - expected.rows.toarray()).max() <= 1e-5


def test_a_graph_says_that_weights_were_rounded(tmp_path):
    folder = str(tiny_models.save_model(tmp_path))
    half = LanguageModel.open(folder, HALF)
    graph = attribute(half, tiny_models.random_transcoders(half), PROMPT)
    assert graph.header.provenance["dtype"] == "float32/bfloat16"
    plain = LanguageModel.load(folder).unembedding().weight
    assert not torch.equal(half.unembedding().weight.float(), plain)


def test_matrices_elsewhere_than_in_known_layers_are_refused():
    class Elsewhere(nn.Module):
        def __init__(self):
            super().__init__()
            self.matrix = nn.Parameter(torch.zeros(2, 2))

        def get_output_embeddings(self):
            return None

    arithmetic = Arithmetic(torch.device("cpu"), torch.float32)
    with pytest.raises(ModelError, match=r"matrix: .*load this architecture without --stream"):
        hold(Elsewhere(), arithmetic, None)


@pytest.mark.parametrize("family", ["gpt2", "gpt-oss"])
def test_nothing_but_norms_biases_and_routers_is_kept_in_full(family, tmp_path):
    """Fused matrices and experts are brought when they are read, and given up after that."""
    folder = save_rounded(tmp_path, family, torch.bfloat16)
    bridge, _ = boot_bridge(str(folder), STREAM)
    kept = {name: each for name, each in bridge.named_parameters() if each.numel()}
    assert kept
    matrices = {name for name, each in kept.items() if each.ndim > 1}
    assert {name.split(".")[-2] for name in matrices} <= {"router"}


@pytest.mark.parametrize("slots", [1, 2])
def test_only_the_experts_at_work_are_brought(slots, tmp_path, monkeypatch):
    folder = str(tiny_models.save_model(tmp_path, "gpt-oss"))
    mixture = LanguageModel.open(folder, STREAM).mixture(0)
    brought = []
    bring = Arithmetic.bring

    def noted(arithmetic, held):
        brought.append(tuple(held.shape))
        return bring(arithmetic, held)

    monkeypatch.setattr(Arithmetic, "bring", noted)
    expert = torch.tensor([[2, 3], [2, 3], [2, 3]])[:, :slots]
    mixture.experts(torch.randn(3, tiny_models.D_MODEL), expert, torch.ones(3, slots))
    matrices = [shape for shape in brought if len(shape) > 1]
    assert len(matrices) == 2 * slots
    assert all(len(shape) == 2 for shape in matrices)


def matrices_of(family, model):
    """Matrices of every kind that a model holds."""
    found = [model.unembedding().weight, model.attention(1).value, model.attention(1).output]
    if family == "gpt-oss":
        return [*found, *model.mixture(1).experts.held.values()]
    return [*found, model.neuron_output(1)]


@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt-oss"])
def test_streamed_weights_are_the_files_themselves(family, tmp_path):
    """Only what is mapped into memory follows when the file is written to."""
    folder = tiny_models.save_model(tmp_path, family)
    streamed = LanguageModel.open(str(folder), STREAM)
    assert all(float(each.abs().sum()) > 0 for each in matrices_of(family, streamed))
    path = folder / "model.safetensors"
    header = int.from_bytes(path.read_bytes()[:8], "little") + 8
    with path.open("r+b") as file:
        file.seek(header)
        file.write(bytes(path.stat().st_size - header))
    assert all(float(each.abs().sum()) == 0 for each in matrices_of(family, streamed))
