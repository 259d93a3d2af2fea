"""The estimate of memory: its parts against what is really allocated, and its directions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from atlas.methods.attribution.columns import Columns
from atlas.methods.attribution.freeze_prompt import freeze_prompt
from atlas.models import held_weights
from atlas.models.bridge import BridgeSettings
from atlas.models.checkpoints import circuit_tracer
from atlas.models.held_weights import HeldLinear
from atlas.models.language_model import LanguageModel
from atlas.models.memory import (
    KEPT_VECTORS,
    VOCABULARY_ROWS,
    Holding,
    RunSize,
    _columns,
    to_load,
    to_trace,
)
from atlas.models.shapes import dictionary_shape, model_shape
from tests.models import tiny_models

PROMPT = np.array([0, 5, 6, 7, 9, 3])
RUN = RunSize(tokens=6, rows=100)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("measured")
    tiny_models.save_model(made / "model", "gemma2")
    model = LanguageModel.load(str(made / "model"))
    circuit_tracer.save(tiny_models.random_transcoders(model), made / "transcoders", "")
    return made


@pytest.fixture(scope="module")
def shapes(folder):
    return model_shape(folder / "model"), dictionary_shape(folder / "transcoders")


def parameter_bytes(model):
    return sum(each.nbytes for each in model._bridge.original_model.parameters())


def test_converted_weights_take_what_the_parameters_take(folder, shapes):
    """Gemma ties its embeddings: they are stored, loaded and counted once."""
    model = LanguageModel.load(str(folder / "model"), dtype="float64")
    tied = model.unembedding()
    expected = to_load(shapes[0], None, Holding(dtype="float64"))
    # TransformerLens gives every unembedding a bias.
    assert expected.memory["weights"] == parameter_bytes(model) - tied.bias.nbytes
    assert expected.files == 0


def test_weights_in_the_precision_of_their_files_are_files(folder, shapes):
    needs = to_load(shapes[0], None, Holding())
    stored = sum(each.bytes for each in shapes[0].matrices)
    assert needs.files == stored
    assert needs.memory["weights"] < stored / 2


def test_no_more_than_one_matrix_is_brought_at_a_time(folder, shapes, monkeypatch):
    """What a streamed pass converts at once is what the estimate says that it brings."""
    brought = []
    bring = held_weights.Arithmetic.bring

    def bring_and_note(self, held):
        if held.ndim > 1:
            brought.append(held.numel() * 4)
        return bring(self, held)

    monkeypatch.setattr(held_weights.Arithmetic, "bring", bring_and_note)
    model = LanguageModel.open(str(folder / "model"), BridgeSettings(stream=True))
    freeze_prompt(model, circuit_tracer.load(folder / "transcoders"), PROMPT)
    needs = to_load(shapes[0], None, Holding(stream=True))
    vectors = sum(each.numbers for each in shapes[0].vectors) * 4
    rows = VOCABULARY_ROWS * shapes[0].d_model * 4  # more than the vocabulary has here
    assert needs.memory["weights"] == vectors + max(shapes[0].largest_in_layers * 4, rows)
    vocabulary = shapes[0].d_vocab * shapes[0].d_model * 4
    assert max(brought) <= max(shapes[0].largest_in_layers * 4, vocabulary)
    assert any(isinstance(each, HeldLinear) for each in model._bridge.original_model.modules())


@pytest.mark.parametrize(("family", "stacked"), [("mixtral", True), ("gpt-oss", False)])
def test_experts_that_are_stacked_in_memory_are_counted_there(family, stacked, tmp_path):
    """One by one in their files, they are put together; as one tensor they stay there."""
    tiny_models.save_model(tmp_path, family)
    shape = model_shape(tmp_path)
    needs = to_load(shape, None, Holding(stream=True))
    model = LanguageModel.open(str(tmp_path), BridgeSettings(stream=True))
    experts = [model.mixture(layer).experts for layer in range(model.layers)]
    matrices = [each for one in experts for each in one.held.values() if each.ndim == 3]
    size = sum(each.nbytes for each in matrices)
    assert needs.memory.get("experts", 0) == (size if stacked else 0)
    assert needs.files == sum(each.bytes for each in shape.matrices) - (size if stacked else 0)
    if not stacked:
        assert shape.largest_in_layers == max(each[0].numel() for each in matrices)


def test_frozen_quantities_stay_below_the_estimate(folder, shapes):
    model = LanguageModel.load(str(folder / "model"))
    frozen = freeze_prompt(model, circuit_tracer.load(folder / "transcoders"), PROMPT)
    held = {tensor.data_ptr(): tensor.nbytes for tensor in frozen.values.values()}
    for name in ("errors", "decoder_bias", "zero_position_mlp", "logits"):
        tensor = getattr(frozen, name)
        held[tensor.data_ptr()] = tensor.nbytes
    for layer in frozen.attention:
        for tensor in (layer.pattern, layer.attention_bias, layer.norm_bias):
            held[tensor.data_ptr()] = tensor.nbytes
    needs = to_trace(*shapes, Holding(), RUN).memory
    assert needs["pass"] / 2 < sum(held.values()) <= needs["pass"]
    folded = sum(each.value.nbytes + each.output.nbytes for each in frozen.attention)
    assert needs["attention"] == folded


def test_the_columns_of_a_row_are_those_of_the_sweep(folder, shapes):
    model = LanguageModel.load(str(folder / "model"))
    frozen = freeze_prompt(model, circuit_tracer.load(folder / "transcoders"), PROMPT)
    columns = Columns.of(frozen)
    active = replace(RUN, active=0)
    assert _columns(shapes[0], active) == columns.first_constant - columns.features


@pytest.mark.parametrize(
    "more", [{"tokens": 12}, {"rows": 200}, {"active": 128}, {"rows_per_chunk": 50, "rows": 800}]
)
def test_larger_runs_need_more(more, shapes):
    smaller = replace(RUN, rows_per_chunk=50)
    larger = to_trace(*shapes, Holding(), replace(smaller, **more))
    assert larger.memory_bytes > to_trace(*shapes, Holding(), smaller).memory_bytes


def test_what_saves_memory_needs_less(shapes):
    model, dictionary = shapes
    wide = replace(model, tensors=tuple(replace(each, item=2) for each in model.tensors) * 400)
    run = replace(RUN, tokens=3)
    plain, half, stream = (
        (to_load(wide, dictionary, holding) + to_trace(wide, dictionary, holding, run)).memory_bytes
        for holding in (Holding(), Holding(weights="float16"), Holding(stream=True))
    )
    assert plain > half >= stream


def test_an_accelerator_holds_what_is_computed_with(shapes):
    plain = to_load(*shapes, Holding(accelerator=True))
    assert plain.accelerator["weights"] == sum(each.numbers * 4 for each in shapes[0].tensors)
    streamed = to_load(*shapes, Holding(accelerator=True, stream=True))
    assert streamed.accelerator["dictionary"] < plain.accelerator["dictionary"]
    traced = to_trace(*shapes, Holding(accelerator=True), RUN)
    assert set(traced.memory) == {"rows"}


def test_vectors_that_are_kept_between_chunks_are_bounded(shapes):
    deep = replace(shapes[0], layers=40, d_model=4000)
    long = replace(RUN, tokens=1000, rows=1)
    every = 1000 * 40 * RUN.active * 4000 * 4
    assert every > 20 * KEPT_VECTORS
    assert to_trace(deep, shapes[1], Holding(), long).memory["sweep"] < every / 10


def test_neurons_of_held_weights_are_copies_in_full_precision(shapes):
    run, held = replace(RUN, neurons=True), Holding(stream=True)
    more = to_trace(shapes[0], None, held, run).memory_bytes
    more -= to_trace(shapes[0], None, held, RUN).memory_bytes
    assert more == 3 * shapes[0].layers * shapes[0].d_mlp * shapes[0].d_model * 4
    plain = (to_trace(shapes[0], None, Holding(), each).memory_bytes for each in (run, RUN))
    assert len(set(plain)) == 1


def test_half_precision_dictionaries_are_converted_a_layer_at_a_time(shapes, tmp_path, folder):
    full = circuit_tracer.load(folder / "transcoders")
    halves = tuple(
        replace(each, W_enc=each.W_enc.to(torch.bfloat16), W_dec=each.W_dec.to(torch.bfloat16))
        for each in full.layers
    )
    circuit_tracer.save(replace(full, layers=halves), tmp_path, "")
    needs = to_load(shapes[0], dictionary_shape(tmp_path), Holding())
    largest = tiny_models.FEATURES * tiny_models.D_MODEL * 4
    vectors = 3 * (tiny_models.FEATURES + tiny_models.D_MODEL) * 4
    assert needs.memory["dictionary"] == largest + vectors
