from __future__ import annotations

import dataclasses

import pytest
import torch

from atlas.errors import UnknownFormat
from atlas.graphs.graph import NodeKind
from atlas.methods.attribute import attribute
from atlas.models.checkpoints import circuit_tracer
from atlas.models.zero_positions import zero_positions_of
from tests.methods.autograd_oracle import Oracle
from tests.models import tiny_models


def test_chats_of_instruction_tuned_gemma_3_start_with_four_tokens_without_features():
    assert zero_positions_of("google/gemma-3-1b-it") == 4
    assert zero_positions_of("gemma-3-270m-it") == 4
    assert zero_positions_of("google/gemma-3-1b-pt") == 1
    assert zero_positions_of("google/gemma-2-2b-it") == 1
    assert zero_positions_of("") == 1


@pytest.mark.parametrize(
    ("count", "family"),
    [*((2, family) for family in tiny_models.LAYOUTS), (4, "gemma2"), (6, "llama")],
)
def test_rows_are_exact_and_closed_with_more_such_positions(count, family, tiny_model):
    model = tiny_model(family)
    dictionary = tiny_models.random_cross_layer(model, skip="affine")
    dictionary = dataclasses.replace(dictionary, zero_positions=count)
    ids = torch.tensor([0, 4, 8, 6, 12, 5, 9])
    graph = attribute(model, dictionary, ids.numpy())
    nodes = graph.nodes
    written = nodes.kind <= NodeKind.ERROR
    assert nodes.position[written].min() == count
    tolerance = 1e-5 * abs(graph.row_totals).clip(min=1)
    assert (abs(graph.closure_gap()) <= tolerance).all()
    expected = Oracle(model, dictionary, ids).rows(graph)
    compared = nodes.kind <= NodeKind.TOKEN
    difference = abs(graph.rows.toarray() - expected)[:, compared].max(axis=1)
    assert (difference <= 1e-5 * abs(expected).max(axis=1) + 1e-6).all()


def test_the_number_is_read_and_written(tiny_model, tmp_path):
    dictionary = tiny_models.random_transcoders(tiny_model("llama"))
    for name, count in (("tiny", 3), ("gemma-3-1b-it", 4), ("gemma-3-1b-it", 1)):
        circuit_tracer.save(dataclasses.replace(dictionary, zero_positions=count), tmp_path, name)
        assert circuit_tracer.load(tmp_path).zero_positions == count
    config = tmp_path / "config.yaml"
    config.write_text(config.read_text().replace("zero_positions: 1", "zero_positions: none"))
    with pytest.raises(UnknownFormat, match="a whole number from 1 on"):
        circuit_tracer.load(tmp_path)
