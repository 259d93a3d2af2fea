"""What holds of every graph, on every family with every kind of dictionary.

In the normal run each two of family, kind and activation meet once; `make test-matrix` has all.
The four theorems stand in a file of their own, and so does the comparison with automatic
differentiation; activation functions and the golden graph have theirs in tests/models and
tests/graphs.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from atlas.graphs.graph import NodeKind
from atlas.graphs.influence import influence, published_nodes
from atlas.graphs.neuronpedia_write import ExportSettings, graph_values
from atlas.graphs.prune import PruneSettings, edges_to_keep, nodes_to_keep, prune
from atlas.methods.attribute import AttributionSettings, attribute
from atlas.methods.attribute_many import attribute_many
from atlas.methods.attribution.targets import GivenTokens, SeveralTargets, TokenDifference
from atlas.methods.head_loadings import head_loadings
from atlas.methods.intervene import (
    FeatureIntervention,
    InterventionSettings,
    StreamIntervention,
    intervene,
)
from atlas.models.replacement import freeze
from tests.graphs import published_definitions as published
from tests.methods.traced_models import DIRECT, IDS, effects

pytestmark = pytest.mark.usefixtures("unchecked_shapes")

TOLERANCE = {"atol": 1e-5, "rtol": 1e-3}


def column_of(graph, node):
    return graph.rows[:, [int(node)]].toarray().reshape(-1)


def added(layer, position, vector):
    """A vector that enters the residual stream before a layer."""
    return StreamIntervention(layer, int(position), vector.numpy(), "add", 1.0)


def moved(traced, changes):
    """The effects of each change on the graph's rows, everything nonlinear held."""
    _, model, dictionary, graph = traced
    base = intervene(model, dictionary, IDS[None], [[]], DIRECT)
    ids = np.repeat(IDS[None], len(changes), axis=0)
    changed = intervene(model, dictionary, ids, changes, DIRECT)
    return [effects(graph, changed, base, row) for row in range(len(changes))]


def test_the_column_of_an_error_or_token_is_its_causal_effect(traced):
    """Added once more where it enters, it moves every row by its weight."""
    _, model, dictionary, graph = traced
    frozen = freeze(model, dictionary, torch.from_numpy(IDS))
    nodes, chosen = [], []
    for node in np.flatnonzero(np.isin(graph.nodes.kind, [NodeKind.ERROR, NodeKind.TOKEN])):
        layer, position = int(graph.nodes.layer[node]), int(graph.nodes.position[node])
        if layer == model.layers - 1:
            continue  # after it there is no layer to add at
        vector = frozen.tokens[position] if layer < 0 else frozen.errors[layer, position]
        nodes.append(node)
        chosen.append([added(layer + 1, position, vector)])
    for node, measured in zip(nodes, moved(traced, chosen), strict=True):
        np.testing.assert_allclose(column_of(graph, node), measured, **TOLERANCE)


def test_two_features_at_once_have_the_sum_of_their_columns(traced):
    graph = traced[3]
    pairs = np.random.default_rng(1).choice(graph.feature_nodes, size=(4, 2), replace=False)

    def doubled(node):
        nodes = graph.nodes
        place = int(nodes.layer[node]), int(nodes.index[node]), int(nodes.position[node])
        return FeatureIntervention(*place, "scale", 2.0)

    together = moved(traced, [[doubled(one), doubled(other)] for one, other in pairs])
    for (one, other), measured in zip(pairs, together, strict=True):
        expected = column_of(graph, one) + column_of(graph, other)
        np.testing.assert_allclose(expected, measured, **TOLERANCE)


def test_the_replacement_model_is_linear(traced):
    """Changes at two places of the stream add up, and twice the change has twice the effect."""
    model = traced[1]
    random = torch.Generator().manual_seed(0)
    vectors = [torch.randn(model.d_model, generator=random) for _ in range(2)]
    one, other = added(0, 2, vectors[0]), added(1, 3, vectors[1])
    alone, beside, both, twice = moved(
        traced, [[one], [other], [one, other], [added(0, 2, 2 * vectors[0])]]
    )
    np.testing.assert_allclose(alone + beside, both, atol=1e-4, rtol=1e-3)
    np.testing.assert_allclose(2 * alone, twice, atol=1e-4, rtol=1e-3)


def test_the_row_of_a_difference_is_the_difference_of_rows(traced):
    _, model, dictionary, _ = traced
    three = SeveralTargets((GivenTokens((7, 9)), TokenDifference(7, 9)))
    graph = attribute(model, dictionary, IDS, AttributionSettings(three, max_feature_nodes=1))
    first, second, difference = graph.rows.toarray()[-3:]
    np.testing.assert_allclose(difference, first - second, atol=1e-5)


def test_portions_and_their_order_do_not_matter(traced):
    _, model, dictionary, graph = traced
    small = AttributionSettings(max_feature_nodes=None, rows_per_chunk=37, rows_per_step=64)
    again = attribute(model, dictionary, IDS, small)
    assert np.array_equal(again.row_nodes, graph.row_nodes)
    largest = abs(graph.rows).max()
    assert abs(again.rows - graph.rows).max() < 1e-5 * largest


@pytest.mark.parametrize("mode", ["iterative", "constrained", "direct"])
def test_setting_a_feature_to_what_it_is_changes_nothing(mode, traced):
    _, model, dictionary, graph = traced
    settings = InterventionSettings(mode=mode)
    node = int(graph.feature_nodes[len(graph.feature_nodes) // 2])
    nodes = graph.nodes
    place = int(nodes.layer[node]), int(nodes.index[node]), int(nodes.position[node])
    same = FeatureIntervention(*place, "set", float(nodes.value[node]))
    ids = np.repeat(IDS[None], 2, axis=0)
    clean, found = intervene(model, dictionary, ids, [[], [same]], settings).logits
    torch.testing.assert_close(found, clean, atol=1e-5, rtol=1e-5)


def test_nothing_flows_backwards(traced):
    """From the same or a later layer, or from a later position, weights are exactly absent."""
    graph = traced[3]
    targets, sources = graph.edges.targets, graph.edges.sources
    layer, position, kind = graph.nodes.layer, graph.nodes.position, graph.nodes.kind
    placed = kind[sources] <= NodeKind.TOKEN
    to_logit = kind[targets] == NodeKind.LOGIT
    assert (to_logit | (layer[sources] < layer[targets]))[placed].all()
    assert (position[sources] <= position[targets])[placed].all()
    assert len(np.unique(targets.astype(np.int64) * len(graph.nodes) + sources)) == len(targets)


def test_the_ways_of_an_edge_sum_to_its_weight(traced):
    """Through each head first, past the MLPs, or straight at its own position."""
    _, model, dictionary, graph = traced
    edges = np.flatnonzero(graph.nodes.kind[graph.edges.sources] <= NodeKind.TOKEN)
    strongest = edges[np.argsort(-np.abs(graph.edges.weights[edges]), kind="stable")[:60]]
    found = head_loadings(model, dictionary, graph, np.sort(strongest))
    assert np.abs(found.gap()).max() < 1e-5
    assert bool(found.skips.any()) == (dictionary.skip(0) is not None)
    nodes, sources = graph.nodes, found.sources
    assert not found.direct[nodes.position[sources] != nodes.position[found.targets]].any()
    written = np.where(nodes.kind[sources] == NodeKind.TOKEN, -1, nodes.layer[sources])
    for layer in range(model.layers):
        assert not found.heads[written >= layer, layer].any()


def test_pruning_keeps_more_with_every_threshold_and_at_least_its_share(traced):
    graph = traced[3]
    amounts = influence(graph)
    shares = (0.3, 0.6, 0.9)
    kept = [nodes_to_keep(graph, share) for share in shares]
    for share, mask in zip(shares, kept, strict=True):
        assert amounts[mask].sum() >= share * amounts.sum() * (1 - 1e-9)
    assert not (kept[0] & ~kept[1]).any() and not (kept[1] & ~kept[2]).any()
    among = np.flatnonzero(kept[2][graph.edges.sources] & kept[2][graph.edges.targets])
    few, many = (set(edges_to_keep(graph, among, share)) for share in (0.5, 0.9))
    assert few <= many
    pruned = prune(graph, PruneSettings(0.6, 0.9))
    placed = pruned.nodes.kind[pruned.edges.sources] <= NodeKind.TOKEN
    assert set(pruned.feature_nodes) <= set(pruned.edges.sources)
    assert set(pruned.feature_nodes) <= set(pruned.edges.targets[placed])
    for kind in (NodeKind.TOKEN, NodeKind.LOGIT):
        assert len(pruned.nodes_of(kind)) == len(graph.nodes_of(kind))


def test_influence_is_the_series_and_the_triangular_solve(traced):
    graph = traced[3]
    matrix, output, known = published.square(graph)
    share = published.normalised(matrix)
    solved = np.linalg.solve(np.eye(len(share)) - share.T, output) - output
    found = np.where(published_nodes(graph), influence(graph), 0)[known]
    np.testing.assert_allclose(found, published.series(share, output), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found, solved, rtol=1e-6, atol=1e-9)


def test_what_is_left_and_what_was_dropped_are_the_whole_row(traced):
    _, model, dictionary, graph = traced
    part = attribute(model, dictionary, IDS, AttributionSettings(max_feature_nodes=12))
    names = {graph.nodes.describe(int(node)): int(node) for node in graph.row_nodes}
    for row, node in enumerate(part.row_nodes):
        whole = graph.rows[[graph.row_of(names[part.nodes.describe(int(node))])]].data
        kept = part.rows[[row]].toarray()[0, part.nodes.kind != NodeKind.DROPPED]
        np.testing.assert_allclose(part.rows[[row]].sum(), whole.sum(), atol=1e-4)
        mass = np.abs(kept).sum() + part.lost_mass[row]
        np.testing.assert_allclose(mass, np.abs(whole).sum(), rtol=1e-4, atol=1e-4)


def test_several_prompts_give_the_graphs_of_each_alone(traced):
    _, model, dictionary, graph = traced
    short = np.array([0, 7, 9])
    other, same = (found.graph for found in attribute_many(model, dictionary, [short, IDS]))
    assert len(other.header.tokens) == len(short)
    assert same.equals(graph)


def test_no_two_nodes_have_one_id(traced):
    graph = traced[3]
    exported = graph_values(graph, "traced", ExportSettings())
    ids = [node["node_id"] for node in exported["nodes"]]
    assert len(set(ids)) == len(ids)
    keys = zip(*(getattr(graph.nodes, name) for name in ("kind", "layer", "position", "index")),
               strict=True)  # fmt: skip
    assert len(set(map(tuple, keys))) == len(graph.nodes)
