"""Whatever is read off the stream at any position has a row that is exact and closed."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
import torch

from atlas.commands.graph_report import summary_of
from atlas.errors import BadInput
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.neuronpedia_json import read_graph, write_graph
from atlas.methods.attribute import AttributionSettings, attribute
from atlas.methods.attribution.targets import (
    Direction,
    Directions,
    FeatureDifference,
    FeaturePlace,
    FeatureTargets,
    GivenTokens,
    SalientTokens,
    SeveralTargets,
    TokenDifference,
)
from atlas.methods.head_loadings import head_loadings
from atlas.models.sites import Site
from tests.methods.autograd_oracle import Oracle
from tests.models import tiny_models

IDS = np.array([0, 4, 8, 6, 12, 5])
PLACES = (("before_layer", 0), ("before_layer", 2), ("before_mlp", 1), ("after_all", 0))
FEATURES = (FeaturePlace(0, 3, 2), FeaturePlace(1, 5, 0), FeaturePlace(2, 9, 4))
PAIR = FeaturePlace(2, 1, 3), FeaturePlace(2, 7, 3)


def random_direction(number, read, layer):
    vector = np.random.default_rng(number).normal(size=tiny_models.D_MODEL)
    return Direction(f"random{number}", tuple(vector.tolist()), read, layer, 4)


DIRECTIONS = tuple(random_direction(number, *place) for number, place in enumerate(PLACES))
EVERYTHING = SeveralTargets(
    (
        GivenTokens((3, 7), (0, 3, -1)),
        TokenDifference(3, 7, (2,)),
        FeatureTargets(FEATURES),
        FeatureDifference(*PAIR),
        Directions(DIRECTIONS),
    )
)


@pytest.fixture(scope="module", params=tiny_models.LAYOUTS)
def traced(request, tiny_model):
    model = tiny_model(request.param)
    dictionary = tiny_models.random_cross_layer(model, "topk", skip="affine")
    settings = AttributionSettings(EVERYTHING)
    return model, dictionary, attribute(model, dictionary, IDS, settings)


def scalars(oracle, model, dictionary):
    """What the graph explains, in its order, as scalars to differentiate."""

    def feature(place):
        read = oracle.read[place.layer][0, place.position]
        return dictionary.coder(place.layer).pre_activations(read)[place.index]

    def direction(each):
        middle = Site.RESIDUAL_BEFORE if model.parallel_blocks else Site.RESIDUAL_MIDDLE
        place = {
            "before_layer": (Site.RESIDUAL_BEFORE, each.layer),
            "before_mlp": (middle, each.layer),
            "after_all": (Site.RESIDUAL_AFTER, model.layers - 1),
        }[each.read]
        return oracle.read[place][0, each.position] @ torch.tensor(each.vector)

    logits = [oracle.logit(token, position) for position in (0, 3, 5) for token in (3, 7)]
    difference = oracle.logit(3, 2) - oracle.logit(7, 2)
    features = [feature(place) for place in FEATURES]
    pair = feature(PAIR[0]) - feature(PAIR[1])
    return [*logits, difference, *features, pair, *(direction(each) for each in DIRECTIONS)]


def test_rows_equal_those_of_automatic_differentiation(traced):
    model, dictionary, graph = traced
    oracle = Oracle(model, dictionary, torch.from_numpy(IDS))
    expected = scalars(oracle, model, dictionary)
    found = graph.rows.toarray()[-len(expected) :]
    compared = graph.nodes.kind <= NodeKind.TOKEN
    assert len(graph.logit_nodes) == len(expected) == 15
    for row, scalar in zip(found, expected, strict=True):
        other = oracle.row_of(graph.nodes, scalar)
        assert np.abs(row - other)[compared].max() <= 1e-5 * np.abs(other).max() + 1e-6
    totals = np.array([float(scalar.detach()) for scalar in expected])
    np.testing.assert_allclose(graph.row_totals[-len(expected) :], totals, atol=1e-4)


def test_every_row_and_its_constants_sum_to_what_they_explain(traced):
    *_, graph = traced
    tolerance = 1e-5 * np.maximum(1, np.abs(graph.row_totals))
    assert (np.abs(graph.closure_gap()) <= tolerance).all()


def test_the_row_of_a_difference_is_the_difference_of_the_rows(traced):
    model, dictionary, graph = traced
    parts = SeveralTargets((GivenTokens((3, 7), (2,)), FeatureTargets(PAIR)))
    apart = attribute(model, dictionary, IDS, AttributionSettings(parts)).rows.toarray()[-4:]
    sources = graph.logit_nodes[0]
    rows = graph.rows.toarray()[-15:, :sources]
    np.testing.assert_allclose(rows[6], (apart[0] - apart[1])[:sources], atol=1e-5)
    np.testing.assert_allclose(rows[10], (apart[2] - apart[3])[:sources], atol=1e-5)


def test_a_feature_as_target_has_the_row_of_its_node(traced):
    model, dictionary, graph = traced
    node = graph.feature_nodes[-1]
    place = FeaturePlace(
        *(int(column[node]) for column in (graph.nodes.layer, graph.nodes.index)),
        int(graph.nodes.position[node]),
    )
    target = FeatureTargets((place,))
    same = attribute(model, dictionary, IDS, AttributionSettings(target))
    rows = same.rows.toarray()
    np.testing.assert_allclose(rows[-1], rows[same.row_of(int(node))], atol=1e-6)
    assert same.row_totals[-1] == pytest.approx(same.row_totals[same.row_of(int(node))], abs=1e-5)


def test_targets_that_are_no_tokens_are_told_apart_in_the_file(traced, tmp_path):
    model, _, graph = traced
    graph.save(tmp_path / "graph.npz")
    again = AttributionGraph.load(tmp_path / "graph.npz")
    assert again.equals(graph)
    answers = again.logit_nodes
    assert [again.is_token(int(node)) for node in answers] == [True] * 6 + [False] * 9
    assert again.nodes.index[answers[6:]].tolist() == [model.d_vocab + n for n in range(9)]
    labels = [again.nodes.label[node] for node in answers]
    assert labels[7] == "feature 0-3 at position 2"
    assert labels[10] == "feature 2-1 at position 3 − feature 2-7 at position 3"  # noqa: RUF001
    assert labels[11] == "random0 before layer 0 at position 4"
    assert labels[13] == "random2 before the MLP of layer 1 at position 4"
    assert labels[14] == "random3 after all layers at position 4"
    assert again.nodes.position[answers].tolist() == [0, 0, 3, 3, 5, 5, 2, 2, 0, 4, 3, 4, 4, 4, 4]


def test_the_shared_format_takes_them(traced, repository, tmp_path):
    *_, graph = traced
    path = tmp_path / "graph.json"
    write_graph(graph, path, "targets")
    schema = json.loads((repository / "schema" / "neuronpedia-graph.schema.json").read_text())
    jsonschema.validate(json.loads(path.read_text()), schema)
    again = read_graph(path)
    kept = ("kind", "layer", "position", "index")
    assert all(
        np.array_equal(getattr(again.nodes, name), getattr(graph.nodes, name)) for name in kept
    )
    assert again.nodes.label == graph.nodes.label


def test_their_edges_can_be_split_by_head(traced):
    model, dictionary, graph = traced
    told = graph.nodes.kind[graph.edges.sources] <= NodeKind.TOKEN
    size = np.abs(graph.edges.weights) * told
    of_answer = [np.flatnonzero(graph.edges.targets == node) for node in graph.logit_nodes]
    edges = np.concatenate([own[np.argsort(-size[own])[:2]] for own in of_answer])
    edges = edges[size[edges] > 0]
    assert set(graph.edges.targets[edges]) == set(graph.logit_nodes)
    loadings = head_loadings(model, dictionary, graph, edges)
    parts = loadings.direct + loadings.skips.sum(axis=1) + loadings.heads.sum(axis=(1, 2))
    np.testing.assert_allclose(parts, loadings.weights, atol=1e-4)


def test_salient_tokens_of_several_positions(tiny_model):
    model = tiny_model("llama")
    settings = AttributionSettings(SalientTokens(0.3, 20, positions=(1, -1)))
    graph = attribute(model, tiny_models.random_transcoders(model), IDS, settings)
    probabilities = model.logits(torch.from_numpy(IDS)[None])[0].softmax(-1).numpy()
    answers = graph.logit_nodes
    for position in (1, 5):
        here = answers[graph.nodes.position[answers] == position]
        best = np.argsort(-probabilities[position], kind="stable")[: len(here)]
        assert graph.nodes.index[here].tolist() == best.tolist()
        assert graph.nodes.value[here].sum() >= 0.3
    assert set(graph.nodes.position[answers]) == {1, 5}


def test_a_target_is_named_with_its_position_where_that_is_not_the_last(traced):
    *_, graph = traced
    names = [graph.answer_name(int(node)) for node in graph.logit_nodes]
    assert names[1:6:2] == ["logit 'w4'@0", "logit 'w4'@3", "logit 'w4'"]
    assert names[7] == "feature 0-3 at position 2"
    assert len(summary_of(graph, 3)["answers"]) == len(names)


def test_a_graph_of_an_early_position_knows_nothing_of_later_ones(tiny_model):
    model = tiny_model("gpt2")
    settings = AttributionSettings(GivenTokens((3,), (2,)))
    graph = attribute(model, tiny_models.random_transcoders(model), IDS, settings)
    short = attribute(model, tiny_models.random_transcoders(model), IDS[:3], settings)
    row = graph.rows[[-1]].toarray()[0]
    assert not row[graph.nodes.position > 2].any()
    assert short.row_totals[-1] == pytest.approx(graph.row_totals[-1], abs=1e-5)


UNIT = (1.0,) + (0.0,) * (tiny_models.D_MODEL - 1)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (GivenTokens((3,), (6,)), "a position below 6; found 6"),
        (GivenTokens((3,), (5, -1)), "different ones"),
        (FeatureTargets((FeaturePlace(3, 0, 1),)), "a layer below 3"),
        (FeatureTargets((FeaturePlace(1, 40, 1),)), "a feature below 40"),
        (FeatureTargets((FeaturePlace(1, 0, -7),)), "a position below 6"),
        (FeatureDifference(FeaturePlace(1, 0, 1), FeaturePlace(1, 0, 2)), "one layer and position"),
        (Directions((Direction("d", (1.0, 2.0), "after_all", 0, 1),)), "24 numbers; found 2"),
        (Directions((Direction("d", UNIT, "before_mlp", 3, 1),)), "a layer below 3"),
        (
            SeveralTargets((GivenTokens((3,)), GivenTokens((3, 4)))),
            "different ones; found 'w0' at 5 twice",
        ),
    ],
)
def test_what_is_not_there_is_refused(target, message, tiny_model):
    model = tiny_model("llama")
    with pytest.raises(BadInput, match=message):
        attribute(model, tiny_models.random_transcoders(model), IDS, AttributionSettings(target))


def test_targets_that_are_none_are_refused():
    with pytest.raises(BadInput, match="not all 0"):
        Direction("none", (0.0, 0.0), "after_all", 0, 1)
    with pytest.raises(BadInput, match="not all 0"):
        replace(DIRECTIONS[0], vector=(float("nan"), 1.0))
    with pytest.raises(BadInput, match="two different features"):
        FeatureDifference(PAIR[0], PAIR[0])
    with pytest.raises(BadInput, match="one or more different ones"):
        GivenTokens((3,), ())
