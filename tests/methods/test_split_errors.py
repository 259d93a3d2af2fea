"""Errors of a mixture split by expert, checked against the experts' own weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.errors import BadInput, ModelError
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.neuronpedia_json import read_graph, write_graph
from atlas.methods.attribute import AttributionSettings, attribute
from atlas.methods.attribution.targets import RouterLogit, RouterLogits
from atlas.models.replacement import freeze
from atlas.models.sites import Site
from atlas.models.split_errors import split_errors
from tests.models import tiny_models
from tests.models.tiny_architectures import MIXTURES

IDS = np.array([0, 4, 8, 6, 12, 5])
SPLIT = AttributionSettings(split_errors=True)
GATED = ("mixtral", "olmoe", "qwen3-moe")  # whose experts are gated MLPs of one form


def dictionary_of(model):
    return tiny_models.random_transcoders(model, skip="affine")


@pytest.fixture(params=MIXTURES)
def split(request, tiny_model):
    model = tiny_model(request.param)
    return model, split_errors(freeze(model, dictionary_of(model), torch.from_numpy(IDS)))


def test_the_parts_of_an_error_sum_to_it(split):
    _, frozen = split
    parts = frozen.error_parts.vectors
    torch.testing.assert_close(parts.sum(dim=2), frozen.errors, atol=1e-6, rtol=1e-5)
    assert (parts[:, 1:].norm(dim=-1) > 0.1).all()


def test_the_experts_are_those_with_the_largest_router_logits(split):
    model, frozen = split
    for layer in range(model.layers):
        logits = model.mixture(layer).logits(frozen.values[Site.MLP_INPUT, layer])
        largest = logits.topk(frozen.error_slots, dim=-1).indices.sort(dim=-1).values
        found = frozen.error_parts.expert[layer].sort(dim=-1).values
        assert torch.equal(found, largest)


@pytest.mark.parametrize("family", GATED)
def test_a_part_is_the_experts_output_less_its_share_of_the_reconstruction(family, tiny_model):
    """The experts computed by hand from their weights."""
    model = tiny_model(family)
    frozen = split_errors(freeze(model, dictionary_of(model), torch.from_numpy(IDS)))
    layer, position = 1, 3
    x = frozen.values[Site.MLP_INPUT, layer][position]
    mixture = model.mixture(layer)
    gates = mixture.logits(x[None])[0].softmax(dim=-1)
    experts = frozen.error_parts.expert[layer, position].tolist()
    if family != "olmoe":
        gates = gates / gates[experts].sum()
    reconstruction = (
        frozen.values[Site.MLP_OUTPUT, layer][position] - frozen.errors[layer, position]
    )
    for slot, expert in enumerate(experts):
        gate, up = (mixture.experts.gate_up_proj[expert] @ x).chunk(2)
        given = mixture.experts.down_proj[expert] @ (torch.nn.functional.silu(gate) * up)
        share = gates[expert] / gates[experts].sum()
        expected = gates[expert] * given - share * reconstruction
        torch.testing.assert_close(
            frozen.error_parts.vectors[layer, position, slot], expected, atol=1e-5, rtol=1e-4
        )


@pytest.mark.parametrize("family", MIXTURES)
def test_the_edges_of_a_split_error_sum_to_those_of_the_whole(family, tiny_model, tmp_path):
    model = tiny_model(family)
    whole = attribute(model, dictionary_of(model), IDS)
    parts = attribute(model, dictionary_of(model), IDS, SPLIT)
    whole_errors, errors = (graph.nodes_of(NodeKind.ERROR) for graph in (whole, parts))
    assert len(errors) == 2 * len(whole_errors)
    for node in whole_errors:
        place = (whole.nodes.layer[node], whole.nodes.position[node])
        mine = errors[
            (parts.nodes.layer[errors] == place[0]) & (parts.nodes.position[errors] == place[1])
        ]
        found = parts.rows[:, mine].toarray().sum(axis=1)
        expected = whole.rows[:, [node]].toarray()[:, 0]
        np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-4)
        assert {parts.nodes.label[each] for each in mine} == {
            f"expert {parts.nodes.index[each] - 1}" for each in mine
        }
    np.testing.assert_allclose(parts.closure_gap(), whole.closure_gap(), atol=1e-5)
    parts.save(tmp_path / "graph.npz")
    assert AttributionGraph.load(tmp_path / "graph.npz").equals(parts)


def test_other_tools_get_routers_and_split_errors_and_give_them_back(tiny_model, tmp_path):
    model = tiny_model("mixtral")
    target = RouterLogits((RouterLogit(1, 2, 4), RouterLogit(2, 2, 5)))
    settings = AttributionSettings(target, split_errors=True)
    graph = attribute(model, dictionary_of(model), IDS, settings)
    write_graph(graph, tmp_path / "graph.json", "a-slug")
    again = read_graph(tmp_path / "graph.json")
    assert again.nodes.equals(graph.nodes)
    np.testing.assert_array_equal(again.rows.toarray(), graph.rows.toarray())


def test_a_model_without_experts_has_no_errors_to_split(tiny_model):
    model = tiny_model("llama")
    with pytest.raises(BadInput, match="a model with experts"):
        attribute(model, dictionary_of(model), IDS, SPLIT)


def test_experts_that_do_not_make_up_the_output_are_refused(tmp_path):
    model = tiny_models.load_model(tmp_path, "mixtral")
    original = model._bridge.blocks[1].mlp.original_component
    original.register_forward_hook(lambda module, inputs, output: 1.1 * output)
    with pytest.raises(ModelError, match="layer 1: expected experts whose outputs"):
        attribute(model, dictionary_of(model), IDS, SPLIT)
