"""Edges split by the head that reads their source first, on every layout of a block."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from atlas.errors import BadInput, GraphError
from atlas.graphs.graph import NodeKind
from atlas.methods.attribute import AttributionSettings, attribute
from atlas.methods.attribution.targets import TokenDifference
from atlas.methods.head_loadings import head_loadings
from atlas.models.sites import Site
from tests.methods.autograd_oracle import Oracle
from tests.models import tiny_models

IDS = np.array([0, 4, 8, 6, 12, 5])


def some_edges(graph, count=120):
    edges = np.flatnonzero(graph.nodes.kind[graph.edges.sources] <= NodeKind.TOKEN)
    chosen = np.random.default_rng(0).choice(edges, size=min(count, len(edges)), replace=False)
    strongest = np.argsort(-np.abs(graph.edges.weights[edges]), kind="stable")[:20]
    return np.unique(np.concatenate([chosen, edges[strongest]]))


def test_a_head_of_the_last_layer_carries_what_vanishes_without_it(tiny_model):
    """A path from a feature just below the last layer to an answer has one step at most.

    So cutting a head of that layer takes exactly its part out of such edges, here in the rows
    that automatic differentiation gives.
    """
    model = tiny_model("llama")
    dictionary = tiny_models.random_dictionary("plain", model)
    graph = attribute(model, dictionary, IDS)
    layer, head = model.layers - 1, 2
    nodes, ends = graph.nodes, graph.edges
    to_answer = nodes.kind[ends.targets] == NodeKind.LOGIT
    just_below = (nodes.kind[ends.sources] == NodeKind.FEATURE) & (
        nodes.layer[ends.sources] == layer - 1
    )
    edges = np.flatnonzero(to_answer & just_below)
    found = head_loadings(model, dictionary, graph, edges)
    place = (Site.ATTENTION_PATTERN, layer)
    oracle = Oracle(model, dictionary, torch.from_numpy(IDS))
    whole = oracle.rows(graph)
    clean = model.run
    final = (Site.FINAL_NORM_SCALE, 0)
    scale = clean(torch.from_numpy(IDS)[None], read=[final]).values[final]

    def without_head(ids, read=(), edits=None, gradients=False):
        before = (edits or {})[place]

        def edit(pattern):
            cut = before(pattern).clone()
            cut[:, head] = 0
            return cut

        if not edits:
            return clean(ids, read)
        # The divisor of the final norm stays as it was: the graph holds it fixed.
        changed = {**edits, place: edit, final: lambda value: scale}
        return clean(ids, read, changed, gradients)

    model.run = without_head
    try:
        cut = Oracle(model, dictionary, torch.from_numpy(IDS)).rows(graph)
    finally:
        del model.run
    rows = np.array([graph.row_of(int(node)) for node in found.targets])
    expected = (whole - cut)[rows, found.sources]
    assert np.abs(expected).max() > 1e-2
    np.testing.assert_allclose(found.heads[:, layer, head], expected, atol=1e-5)


def test_a_pruned_graph_and_a_difference_are_split_too(tiny_model):
    model = tiny_model("gemma2")
    dictionary = tiny_models.random_dictionary("skip", model)
    settings = AttributionSettings(target=TokenDifference("w2", "w7"), max_feature_nodes=20)
    graph = attribute(model, dictionary, IDS, settings)
    keep = np.ones(len(graph.nodes), dtype=bool)
    keep[graph.feature_nodes[::2]] = False
    small = graph.subgraph(keep)
    edges = some_edges(small)
    found = head_loadings(model, dictionary, small, edges)
    assert np.abs(found.gap()).max() < 1e-5
    values = found.values(0)
    total = values["direct"] + sum(values["skips"]) + sum(part for *_, part in values["heads"])
    assert total == pytest.approx(values["weight"], abs=1e-5)
    (layer, head, part), *_ = found.strongest_heads(0, 1)
    assert abs(part) == np.abs(found.heads[0]).max() and part == found.heads[0, layer, head]


def test_what_cannot_be_split_is_refused(tiny_model):
    model = tiny_model("llama")
    dictionary = tiny_models.random_dictionary("plain", model)
    graph = attribute(model, dictionary, IDS)
    constant = np.flatnonzero(graph.nodes.kind[graph.edges.sources] == NodeKind.CONSTANT)[:1]
    with pytest.raises(BadInput, match="features, errors or tokens"):
        head_loadings(model, dictionary, graph, constant)
    edges = some_edges(graph, 3)
    foreign = replace(graph, header=replace(graph.header, settings={}))
    with pytest.raises(GraphError, match="name its target"):
        head_loadings(model, dictionary, foreign, edges)
    other = tiny_models.random_transcoders(model, seed=5)
    with pytest.raises(GraphError, match="active on its prompt"):
        head_loadings(model, other, graph, edges)
