"""Approximate graphs: sources sum up, edges are derivatives, and errors are measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from atlas.errors import BadInput, ModelError
from atlas.graphs.graph import CONSTANTS, AttributionGraph, NodeKind
from atlas.methods.attribute import AttributionSettings
from atlas.methods.attribute_saes import attribute_saes
from atlas.methods.attribution.targets import GivenTokens, TokenDifference
from atlas.methods.intervene import FeatureIntervention, intervene
from atlas.methods.sae_attribution.settings import SaeAttributionSettings
from atlas.methods.sae_attribution.sources import prompt_sources
from atlas.methods.trace import trace
from atlas.models.sites import Site
from tests.models import tiny_models

IDS = np.array([0, 4, 8, 6, 12, 5])
SITES = (Site.RESIDUAL_BEFORE, Site.RESIDUAL_AFTER, Site.MLP_WRITE)


@pytest.fixture
def dictionary(model):
    return tiny_models.random_autoencoders(model)


def value_at(model, place, edits=None):
    return model.run(torch.from_numpy(IDS)[None], read=[place], edits=edits).values[place][0]


def edges_of(graph):
    """(target, source) as described, with the weight."""
    edges = graph.edges
    return {
        (int(target), int(source)): float(weight)
        for target, source, weight in zip(edges.targets, edges.sources, edges.weights, strict=True)
    }


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma2", "neox"])
def test_sources_sum_to_what_is_taken_apart(tiny_model, family, site):
    model = tiny_model(family)
    sources = prompt_sources(
        model, tiny_models.random_autoencoders(model, site), torch.from_numpy(IDS)
    )
    for group in sources.groups:
        whole = group.absent.clone().index_add(0, group.position, group.vectors)
        assert torch.allclose(whole, group.present, atol=1e-5)
    columns = torch.cat([group.columns for group in sources.groups])
    assert len(columns.unique()) == len(columns)


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma2", "neox"])
def test_an_edge_is_the_derivative_of_the_real_model(tiny_model, family, site):
    """Taking out a thousandth of a source changes the next layer by a thousandth of the edge."""
    model = tiny_model(family)
    dictionary = tiny_models.random_autoencoders(model, site)
    graph = attribute_saes(model, dictionary, IDS, SaeAttributionSettings(checked_sources=0))
    layer, share = 1, 1e-2
    first, last = (site, layer), (site, layer + 1)
    held = value_at(model, first)
    coder = dictionary.coder(layer)
    sources = [n for n in graph.feature_nodes if graph.nodes.layer[n] == layer]
    edges, checked = edges_of(graph), 0
    for node in sources[:4]:
        position, index = int(graph.nodes.position[node]), int(graph.nodes.index[node])
        vector = float(graph.nodes.value[node]) * coder.decoder(0, [index])[0]

        def moved(sign, position=position, vector=vector):
            changed = held.clone()
            changed[position] += sign * share * vector
            return value_at(model, last, {first: lambda _: changed[None]})

        difference = (moved(1) - moved(-1)) / (2 * share)
        for target in graph.feature_nodes:
            if graph.nodes.layer[target] != layer + 1 or graph.nodes.position[target] < position:
                continue
            encoder = dictionary.coder(layer + 1).encoder([int(graph.nodes.index[target])])[0]
            expected = float(difference[graph.nodes.position[target]] @ encoder)
            assert edges.get((target, node), 0.0) == pytest.approx(expected, rel=2e-2, abs=5e-3)
            checked += abs(expected) > 1e-2
    assert checked > 10


def test_rows_sum_to_what_they_explain(model, dictionary):
    graph = attribute_saes(model, dictionary, IDS)
    assert np.abs(graph.closure_gap()).max() < 1e-4
    place = (Site.FINAL_NORM_OUTPUT, 0)
    logits = value_at(model, place)[-1] @ model.unembedding().weight
    row = graph.row_of(int(graph.logit_nodes[0]))
    token = int(graph.nodes.index[graph.logit_nodes[0]])
    assert graph.row_totals[row] == pytest.approx(float(logits[token] - logits.mean()), abs=1e-4)


def test_more_steps_complete_the_integral(model, dictionary):
    """Except in rows from tokens, on whose way to nothing the norms' scales go to 0."""
    complete, gaps = {}, {}
    for steps in (2, 24):
        graph = attribute_saes(model, dictionary, IDS, SaeAttributionSettings(steps=steps))
        complete[steps] = graph.header.provenance["approximate"]["ig_completeness"]
        above = graph.nodes.layer[graph.row_nodes] != 0
        intercept = graph.rows[:, graph.nodes_of(NodeKind.CONSTANT)].toarray()[:, 0]
        moved = np.abs(graph.row_totals - intercept)[above].sum()
        gaps[steps] = np.abs(graph.closure_gap())[above].sum() / moved
    assert complete[2] < complete[24] < 1
    assert gaps[24] < 0.01 < gaps[2]
    constants = graph.nodes_of(NodeKind.CONSTANT)
    assert [graph.nodes.label[node] for node in constants] == ["intercept"]
    assert CONSTANTS[graph.nodes.index[constants[0]]] == "intercept"


def test_the_measured_error_is_that_of_ablations(model, dictionary):
    """For features of the last layer, whose targets are the logits, by `intervene`."""
    settings = SaeAttributionSettings(GivenTokens((7,)), checked_sources=10_000)
    top = replace(dictionary, layers={2: dictionary.layers[2]})
    graph = attribute_saes(model, top, IDS, settings)
    logit = int(graph.logit_nodes[0])
    edges = edges_of(graph)
    before = model.logits(torch.from_numpy(IDS)[None])[0, -1]
    weights, effects = [], []
    for node in graph.feature_nodes.tolist():
        position = int(graph.nodes.position[node])
        ablation = FeatureIntervention(2, int(graph.nodes.index[node]), position)
        after = intervene(model, top, torch.from_numpy(IDS)[None], [[ablation]]).logits[0, -1]
        effects.append(float(before[7] - before.mean() - after[7] + after.mean()))
        weights.append(edges.get((logit, node), 0.0))
    found = graph.header.provenance["approximate"]
    reached = np.flatnonzero(weights)
    weights, effects = np.array(weights)[reached], np.array(effects)[reached]
    assert len(reached) == found["sources"] == found["edges"]
    expected = np.abs(weights - effects).sum() / np.abs(effects).sum()
    assert expected > 0.01  # random models are far from linear
    assert found["relative_error"] == pytest.approx(expected, rel=1e-3)
    assert found["correlation"] == pytest.approx(np.corrcoef(weights, effects)[0, 1], abs=1e-4)


def test_layers_without_autoencoder_are_passed_through(model, dictionary):
    some = replace(dictionary, layers={0: dictionary.layers[0], 2: dictionary.layers[2]})
    graph = attribute_saes(model, some, IDS)
    assert set(graph.nodes.layer[graph.feature_nodes]) == {0, 2}
    highest = graph.feature_nodes[graph.nodes.layer[graph.feature_nodes] == 2]
    below = graph.edges.sources[np.isin(graph.edges.targets, highest)]
    assert set(graph.nodes.layer[below]) == {0, -1}  # and the intercept


def test_what_mlps_write_meets_targets_side_by_side(model):
    graph = attribute_saes(model, tiny_models.random_autoencoders(model, Site.MLP_WRITE), IDS)
    edges, layer = graph.edges, graph.nodes.layer
    pairs = {
        (int(layer[t]), int(layer[s])) for t, s in zip(edges.targets, edges.sources, strict=True)
    }
    assert {(2, 0), (2, 1), (1, 0), (-1, 0), (-1, 2)} <= pairs


def test_features_without_a_row_go_to_dropped_mass(model, dictionary):
    whole = attribute_saes(model, dictionary, IDS)
    part = attribute_saes(model, dictionary, IDS, SaeAttributionSettings(max_feature_nodes=9))
    assert len(part.feature_nodes) == 9 < len(whole.feature_nodes)
    assert np.abs(part.closure_gap()).max() < 1e-4
    tracing = part.header.provenance["tracing"]
    assert tracing["traced_features"] == 9
    assert 0 < tracing["unvisited_mass"] < 1
    assert whole.header.provenance["tracing"]["unvisited_mass"] == 0


def test_progress_counts_rows(model, dictionary):
    told = []
    settings = SaeAttributionSettings(GivenTokens((7,)), max_feature_nodes=9)
    attribute_saes(model, dictionary, IDS, settings, lambda *each: told.append(each))
    assert told == [(1, 10), (4, 10), (7, 10), (10, 10)]


def test_a_difference_is_the_difference_of_rows(model, dictionary):
    one = attribute_saes(model, dictionary, IDS, SaeAttributionSettings(TokenDifference(7, 9)))
    two = attribute_saes(model, dictionary, IDS, SaeAttributionSettings(GivenTokens((7, 9))))
    first, second = (two.rows[[two.row_of(int(node))]].toarray()[0] for node in two.logit_nodes)
    row = one.rows[[one.row_of(int(one.logit_nodes[0]))]].toarray()[0]
    assert one.nodes.label[one.logit_nodes[0]] == "w4 − w6"  # noqa: RUF001
    assert np.allclose(row[:-1], (first - second)[:-2], atol=1e-5)


def test_it_is_the_same_twice_and_survives_its_file(model, dictionary, tmp_path):
    first, second = (attribute_saes(model, dictionary, IDS) for _ in range(2))
    assert first.equals(second)
    first.save(tmp_path / "graph.npz")
    assert AttributionGraph.load(tmp_path / "graph.npz").equals(first)


def test_settings_and_dictionary_must_fit(model, dictionary):
    with pytest.raises(ModelError, match="autoencoders"):
        trace(model, tiny_models.random_transcoders(model), IDS, SaeAttributionSettings())
    with pytest.raises(ModelError):
        trace(model, dictionary, IDS, AttributionSettings())
    assert trace(model, dictionary, IDS, SaeAttributionSettings()).header.settings["method"] == (
        "attribute_saes"
    )


@pytest.mark.parametrize(
    "broken",
    [{"steps": 0}, {"max_feature_nodes": 0}, {"rows_per_chunk": 0}, {"checked_sources": -1}],
)
def test_settings_out_of_range_are_refused(broken):
    with pytest.raises(BadInput, match=next(iter(broken))):
        SaeAttributionSettings(**broken)
