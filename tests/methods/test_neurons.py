"""Neurons as nodes and as targets: the theorems, against the MLPs of the real models."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.errors import BadInput, ModelError
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.methods.attribute import AttributionSettings, attribute
from atlas.methods.attribution.targets import (
    FeaturePlace,
    FeatureTargets,
    GivenTokens,
    NeuronPlace,
    NeuronTargets,
    SeveralTargets,
)
from atlas.methods.intervene import FeatureIntervention, InterventionSettings, intervene
from atlas.models.neurons import neurons_of, share_in
from atlas.models.replacement import freeze
from atlas.models.sites import Site
from tests.methods.autograd_oracle import Oracle
from tests.models import tiny_models

IDS = np.array([0, 4, 8, 6, 12, 5])
GATED = {"llama": True, "gpt2": False, "neox": False, "gemma2": True, "olmo2": True}
DIRECT = InterventionSettings(mode="direct", record="pre_activations")
TARGETS = GivenTokens((3, 7))


@pytest.fixture(scope="module", params=GATED)
def traced(request, tiny_model):
    model = tiny_model(request.param)
    neurons = neurons_of(model, 0.1)
    return model, neurons, attribute(model, neurons, IDS, AttributionSettings(TARGETS))


def real_neurons(model, layer):
    """What goes into the output matrix of transformers' own MLP, [position, neuron]."""
    original = model._bridge.blocks[layer].mlp.original_component
    names = ("down_proj", "c_proj", "dense_4h_to_h")
    part = next(getattr(original, name) for name in names if hasattr(original, name))
    seen = []
    handle = part.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach()))
    model.logits(torch.from_numpy(IDS)[None])
    handle.remove()
    return seen[0].reshape(len(IDS), -1)


def test_nodes_are_the_real_neurons_that_write_more_than_the_share(traced):
    model, _, graph = traced
    nodes = graph.nodes
    for layer in range(model.layers):
        real = real_neurons(model, layer)
        written = model.mlp_weights(layer).write
        size = real.abs() * written.norm(dim=1)
        enough = size > 0.1 * (real @ written).norm(dim=1, keepdim=True)
        enough[0] = False  # the first position's MLPs are constants
        here = graph.feature_nodes[nodes.layer[graph.feature_nodes] == layer]
        found = list(zip(nodes.position[here], nodes.index[here], strict=True))
        assert found == [tuple(pair) for pair in enough.nonzero().tolist()]
        values = real.numpy()[nodes.position[here], nodes.index[here]]
        np.testing.assert_allclose(nodes.value[here], values, atol=1e-5)
        assert 0 < len(here) < 5 * real.shape[1]


def test_rows_equal_those_of_automatic_differentiation(traced):
    model, neurons, graph = traced
    expected = Oracle(model, neurons, torch.from_numpy(IDS)).rows(graph)
    compared = graph.nodes.kind <= NodeKind.TOKEN
    difference = np.abs(graph.rows.toarray() - expected)[:, compared].max(axis=1)
    assert (difference <= 1e-5 * np.abs(expected).max(axis=1) + 1e-6).all()


def test_every_row_and_its_constants_sum_to_what_they_explain(traced):
    *_, graph = traced
    tolerance = 1e-5 * np.maximum(1, np.abs(graph.row_totals))
    assert (np.abs(graph.closure_gap()) <= tolerance).all()


def test_an_edge_equals_the_measured_effect_of_its_intervention(traced):
    model, neurons, graph = traced
    nodes = graph.nodes
    sources = np.random.default_rng(0).choice(graph.feature_nodes, size=12, replace=False)
    places = zip(nodes.layer[sources], nodes.index[sources], nodes.position[sources], strict=True)
    changes = [[FeatureIntervention(*map(int, place))] for place in places]
    ids = np.repeat(IDS[None], len(sources) + 1, axis=0)
    result = intervene(model, neurons, ids, [[], *changes], DIRECT)
    rows = nodes.take(graph.row_nodes)
    for number, source in enumerate(sources, start=1):
        moved = (result.raw_logits[0] - result.raw_logits[number])[-1]
        measured = (moved - moved.mean()).numpy()[
            np.where(rows.kind == NodeKind.LOGIT, rows.index, 0)
        ]
        for layer, after in result.features.items():
            here = (rows.kind == NodeKind.FEATURE) & (rows.layer == layer)
            change = (after[0] - after[number]).numpy()
            measured[here] = change[rows.position[here], rows.index[here]]
        column = graph.rows[:, [int(source)]].toarray().reshape(-1)
        np.testing.assert_allclose(column, measured, atol=1e-5, rtol=1e-3)


def test_neurons_and_errors_together_are_the_model(traced):
    model, neurons, _ = traced
    frozen = freeze(model, neurons, torch.from_numpy(IDS))
    for layer in range(model.layers):
        total = (frozen.errors + frozen.decoder_bias + frozen.zero_position_mlp)[layer]
        total = total + frozen.mlp_norm_bias[layer]
        for position in range(1, len(IDS)):
            written = frozen.written(frozen.features.at(layer, position), layer)
            total[position] += written.sum(dim=0)
        expected = frozen.values[Site.MLP_WRITE, layer]
        torch.testing.assert_close(total, expected, atol=1e-5, rtol=1e-5)


def test_with_all_neurons_there_is_no_error(traced):
    model, *_ = traced
    frozen = freeze(model, neurons_of(model, 0.0), torch.from_numpy(IDS))
    assert float(frozen.errors.abs().max()) < 1e-5
    assert len(frozen.features) == model.layers * 5 * frozen.dictionary.features(0)


def test_what_is_written_is_read_back_the_same(traced, tmp_path):
    *_, graph = traced
    graph.save(tmp_path / "graph.npz")
    again = AttributionGraph.load(tmp_path / "graph.npz")
    assert again.equals(graph)
    assert again.header.dictionary == "neurons:0.1"


@pytest.mark.parametrize("family", GATED)
def test_a_neuron_is_a_target_of_graphs_with_any_dictionary(family, tiny_model):
    model = tiny_model(family)
    places = [NeuronPlace(0, 3, 2), NeuronPlace(2, 7, -1), NeuronPlace(1, 0, 0)]
    if GATED[family]:
        places.append(NeuronPlace(2, 7, -1, "gate"))
    settings = AttributionSettings(NeuronTargets(tuple(places)))
    graph = attribute(model, tiny_models.random_transcoders(model), IDS, settings)
    totals = graph.row_totals[-len(places) :]
    assert (np.abs(graph.closure_gap()) <= 1e-5 * np.maximum(1, np.abs(graph.row_totals))).all()
    function = model.mlp_weights(2).function
    real = float(real_neurons(model, 2)[-1, 7])
    if not GATED[family]:
        assert float(function(torch.tensor(totals[1]))) == pytest.approx(real, abs=1e-5)
        return
    gate = function(torch.tensor(totals[3]))
    assert float(gate) * totals[1] == pytest.approx(real, abs=1e-5)
    assert "gate of neuron 2-7 at position 5" in graph.nodes.label


def test_a_neuron_below_the_share_can_be_a_target_too(traced):
    model, neurons, graph = traced
    active = {
        (int(graph.nodes.index[node]), int(graph.nodes.position[node]))
        for node in graph.feature_nodes
        if graph.nodes.layer[node] == 2
    }
    index = next(each for each in range(32) if (each, 3) not in active)
    both = SeveralTargets(
        (FeatureTargets((FeaturePlace(2, index, 3),)), NeuronTargets((NeuronPlace(2, index, 3),)))
    )
    rows = attribute(model, neurons, IDS, AttributionSettings(both)).rows.toarray()[-2:]
    np.testing.assert_array_equal(rows[0], rows[1])
    assert np.abs(rows[0]).max() > 1e-3


def test_models_without_neurons_of_their_own_are_refused(tiny_model, tmp_path):
    with pytest.raises(ModelError, match=r"layer 0: .* found a mixture of experts"):
        neurons_of(tiny_model("mixtral"))
    model = tiny_models.load_model(tmp_path, "llama")
    model._bridge.blocks[1].mlp.register_forward_hook(lambda module, inputs, output: 2 * output)
    with pytest.raises(ModelError, match=r"layer 1: .* 50.0% off"):
        neurons_of(model)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (NeuronPlace(0, 32, 1), "a neuron below 32"),
        (NeuronPlace(3, 0, 1), "a layer below 3"),
        (NeuronPlace(0, 0, 6), "a position below 6"),
        (NeuronPlace(0, 0, 1, "gate"), "a gated MLP"),
    ],
)
def test_what_is_not_there_is_refused(target, message, tiny_model):
    model = tiny_model("gpt2")
    settings = AttributionSettings(NeuronTargets((target,)))
    with pytest.raises(BadInput, match=message):
        attribute(model, tiny_models.random_transcoders(model), IDS, settings)


def test_the_share_stands_in_the_name(tiny_model):
    assert share_in("neurons") == 0.02
    assert share_in("neurons:0.3") == 0.3
    assert share_in("transcoders") is None
    with pytest.raises(BadInput, match="neurons:SHARE"):
        share_in("neurons:many")
    with pytest.raises(BadInput, match="from 0 to below 1"):
        neurons_of(tiny_model("llama"), 1.0)
