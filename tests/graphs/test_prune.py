"""Pruning keeps what is published, keeps rows closed, and keeps more for higher thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from atlas.errors import BadInput
from atlas.graphs.graph import NodeKind
from atlas.graphs.influence import influence
from atlas.graphs.prune import (
    PruneSettings,
    edge_scores,
    edges_to_keep,
    nodes_to_keep,
    prune,
)
from tests.graphs import published_definitions as published
from tests.graphs.hand_graphs import E, F, L, T, graph_from_edges, node_table
from tests.graphs.random_graphs import graph_settings, random_graph

# Of 97ths, so that no sum of simple fractions lies exactly on a threshold, where rounding decides.
shares = st.integers(5, 96).map(lambda count: count / 97)
# One feature between a token and a logit: all have the same influence, but for rounding.
CHAIN = {
    "seed": 2687,
    "features": 1,
    "layers": 1,
    "positions": 1,
    "fill": 0.1,
    "untraced": 0,
    "constants": False,
}


def edge_score_graph():
    """The logit takes 3/8 from each feature and 1/4 from a token; features take from leaves.

    Feature 0: 1/3 from the error, 2/3 from the token; feature 1: half and half.
    """
    entries = [(F, 1, 1, 0, 1.0, ""), (F, 1, 1, 1, 1.0, ""), (E, 0, 1, 0, 0.0, "")]
    entries += [(T, -1, 0, 0, 0.0, ""), (T, -1, 1, 1, 0.0, ""), (L, -1, 1, 7, 1.0, "x")]
    edges = {
        (5, 0): 3.0,
        (5, 1): -3.0,
        (5, 4): 2.0,
        (0, 2): 1.0,
        (0, 3): -2.0,
        (1, 2): 5.0,
        (1, 4): 5.0,
    }
    return graph_from_edges(node_table(entries), [0, 1, 5], edges)


def test_edge_scores_of_the_hand_graph_are_those_computed_on_paper():
    graph = edge_score_graph()
    found = edge_scores(graph, np.arange(7))
    np.testing.assert_allclose(found, [1 / 8, 1 / 4, 3 / 16, 3 / 16, 3 / 8, 3 / 8, 1 / 4])


def test_pruning_the_hand_graph_removes_the_weakest_edge_and_records_it():
    graph = edge_score_graph()
    pruned = prune(graph, PruneSettings(node_threshold=1.0, edge_threshold=0.9))
    # Scores sum to 7/4; without 1/8 there remain 13/14 of them, above 0.9.
    assert len(pruned.edges.weights) == 7
    dropped = int(pruned.nodes_of(NodeKind.DROPPED)[0])
    assert pruned.rows[[0], :][:, [dropped]].toarray().item() == 1.0
    assert pruned.lost_mass.tolist() == [1.0, 0.0, 0.0]
    assert pruned.closure_gap().tolist() == [0, 0, 0]
    assert pruned.header.settings["pruning"] == {"node_threshold": 1.0, "edge_threshold": 0.9}


def test_pruning_at_one_changes_nothing():
    graph = random_graph(3, untraced=2)
    assert prune(graph, PruneSettings(1.0, 1.0)).equals(graph)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_threshold_that_is_no_share_is_refused(share):
    with pytest.raises(BadInput, match="a share from 0 to 1"):
        PruneSettings(node_threshold=share)


@settings(max_examples=30, deadline=None)
@given(graph_settings, shares, shares)
@example(CHAIN, 5 / 97, 5 / 97)
def test_pruning_keeps_exactly_the_published_nodes_and_edges(drawn, node_share, edge_share):
    graph = random_graph(**drawn)
    _, _, known = published.square(graph)
    nodes, edges, scores = published.pruned(graph, node_share, edge_share)
    pruned = prune(graph, PruneSettings(node_share, edge_share))
    fixed = np.isin(graph.nodes.kind, [NodeKind.CONSTANT, NodeKind.DROPPED])
    expected = set(describe(graph, np.union1d(known[nodes], np.flatnonzero(fixed))))
    assert set(describe(pruned, np.arange(len(pruned.nodes)))) - expected <= {"dropped mass"}
    assert expected <= set(describe(pruned, np.arange(len(pruned.nodes))))
    shown = published_edge_count(pruned)
    assert shown == np.count_nonzero(edges & (scores > 0))


def describe(graph, nodes):
    return [graph.nodes.describe(int(node)) for node in nodes]


def published_edge_count(graph):
    return np.count_nonzero(graph.nodes.kind[graph.edges.sources] <= NodeKind.TOKEN)


@settings(max_examples=30, deadline=None)
@given(graph_settings, shares, shares)
def test_pruned_rows_stay_closed_and_every_kept_feature_has_both_ends(drawn, nodes, edges):
    graph = random_graph(**drawn)
    pruned = prune(graph, PruneSettings(nodes, edges))
    np.testing.assert_allclose(pruned.closure_gap(), 0, atol=1e-5)
    published_sources = pruned.nodes.kind[pruned.edges.sources] <= NodeKind.TOKEN
    assert set(pruned.feature_nodes) <= set(pruned.edges.sources)
    assert set(pruned.feature_nodes) <= set(pruned.edges.targets[published_sources])
    assert set(pruned.nodes_of(NodeKind.ERROR)) <= set(pruned.edges.sources)
    for kind in (NodeKind.TOKEN, NodeKind.LOGIT, NodeKind.CONSTANT):
        assert len(pruned.nodes_of(kind)) == len(graph.nodes_of(kind))


@settings(max_examples=30, deadline=None)
@given(graph_settings, shares, shares)
def test_what_is_kept_before_the_clean_up_grows_and_holds_its_share(drawn, one, other):
    graph = random_graph(**drawn)
    low, high = sorted([one, other])
    small, large = nodes_to_keep(graph, low), nodes_to_keep(graph, high)
    assert not (small & ~large).any()
    amounts = influence(graph)
    assert amounts[large].sum() >= high * amounts.sum() * (1 - 1e-9)
    every_edge = np.flatnonzero(large[graph.edges.sources] & large[graph.edges.targets])
    few, many = (edges_to_keep(graph, every_edge, share) for share in (low, high))
    assert set(few) <= set(many)


@settings(max_examples=30, deadline=None)
@given(graph_settings, shares, shares)
def test_dropped_mass_accounts_for_every_lost_weight(drawn, nodes, edges):
    graph = random_graph(**drawn)
    pruned = prune(graph, PruneSettings(nodes, edges))
    for row, node in enumerate(pruned.row_nodes):
        before = next(
            row
            for row, old in enumerate(graph.row_nodes)
            if graph.nodes.describe(int(old)) == pruned.nodes.describe(int(node))
        )
        kept = pruned.nodes.kind != NodeKind.DROPPED
        sources = graph.nodes.kind != NodeKind.DROPPED
        now = np.abs(pruned.rows.toarray()[row, kept]).sum() + pruned.lost_mass[row]
        then = np.abs(graph.rows.toarray()[before, sources]).sum() + graph.lost_mass[before]
        np.testing.assert_allclose(now, then, rtol=1e-5)
