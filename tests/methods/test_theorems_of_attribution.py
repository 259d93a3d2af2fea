"""The four theorems, on a random model of every architecture family with random biases."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.methods.attribute import AttributionSettings, attribute
from atlas.methods.intervene import FeatureIntervention, intervene
from atlas.models.replacement import freeze
from atlas.models.sites import Site
from tests.methods.traced_models import DIRECT, IDS, effects
from tests.models import tiny_models


def test_an_edge_equals_the_measured_effect_of_its_intervention(traced):
    _, model, dictionary, graph = traced
    base = intervene(model, dictionary, IDS[None], [[]], DIRECT)
    sources = np.random.default_rng(0).choice(graph.feature_nodes, size=16, replace=False)
    factors = [0.0, 2.0] * 8
    changes = [
        FeatureIntervention(
            int(graph.nodes.layer[source]),
            int(graph.nodes.index[source]),
            int(graph.nodes.position[source]),
            "scale",
            factor,
        )
        for source, factor in zip(sources, factors, strict=True)
    ]
    ids = np.repeat(IDS[None], len(changes), axis=0)
    changed = intervene(model, dictionary, ids, [[change] for change in changes], DIRECT)
    for row, (source, factor) in enumerate(zip(sources, factors, strict=True)):
        column = graph.rows[:, [int(source)]].toarray().reshape(-1)
        measured = effects(graph, changed, base, row)
        np.testing.assert_allclose((factor - 1) * column, measured, atol=1e-5, rtol=1e-3)


def test_rows_and_their_constants_sum_to_what_they_explain(traced):
    constants, _, _, graph = traced
    tolerance = 1e-5 * np.maximum(1, np.abs(graph.row_totals))
    assert (np.abs(graph.closure_gap()) <= tolerance).all()
    labels = {graph.nodes.label[node] for node in graph.nodes_of(NodeKind.CONSTANT)}
    assert labels == constants


@pytest.mark.parametrize(
    ("build", "skip"),
    [
        (tiny_models.random_transcoders, "none"),
        (tiny_models.random_transcoders, "affine"),
        (tiny_models.random_cross_layer, "affine"),
    ],
)
@pytest.mark.parametrize("output", [Site.MLP_OUTPUT, Site.MLP_WRITE])
@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_features_errors_and_constants_together_are_the_model(
    family, output, build, skip, tiny_model
):
    model = tiny_model(family)
    dictionary = build(model, "topk", feature_output=output, skip=skip)
    ids = torch.from_numpy(IDS)
    frozen = freeze(model, dictionary, ids)
    stream = Site.RESIDUAL_BEFORE if model.parallel_blocks else Site.RESIDUAL_MIDDLE
    places = [(Site.MLP_WRITE, layer) for layer in range(model.layers)]
    streams = [(stream, layer) for layer in range(model.layers)]
    clean = model.run(ids[None], read=[*places, *streams])
    replaced = {}
    for layer, place in enumerate(places):
        parts = frozen.errors + frozen.decoder_bias + frozen.zero_position_mlp
        total = parts[layer] + frozen.mlp_norm_bias[layer]
        connection = frozen.mlps[layer].skip
        if connection is not None:
            read = clean.values[stream, layer][0]
            total = total + read @ connection.matrix / connection.scale[:, None]
            total = total + connection.bias + connection.norm_bias
        for source in dictionary.writers(layer):
            for position in range(len(IDS)):
                written = frozen.written(frozen.features.at(source, position), layer)
                total[position] += written.sum(dim=0)
        torch.testing.assert_close(total[None], clean.values[place], atol=1e-5, rtol=1e-5)
        replaced[place] = lambda value, total=total: total[None]
    logits = model.run(ids[None], edits=replaced).logits
    torch.testing.assert_close(logits, clean.logits, atol=1e-5, rtol=1e-5)


def test_what_is_written_is_read_back_the_same(traced, tmp_path):
    _, model, dictionary, graph = traced
    graph.save(tmp_path / "graph.npz")
    assert AttributionGraph.load(tmp_path / "graph.npz").equals(graph)
    again = attribute(model, dictionary, IDS, AttributionSettings())
    again.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "graph.npz").read_bytes()
