"""Published scores equal the published definitions; strict shares account for everything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from atlas.errors import GraphError
from atlas.graphs.influence import influence
from atlas.graphs.prune import PruneSettings, prune
from atlas.graphs.scores import score
from tests.graphs import published_definitions as published
from tests.graphs.hand_graphs import C, D, E, F, L, T, graph_from_edges, node_table
from tests.graphs.random_graphs import graph_settings, random_graph


def has_a_start(graph):
    amounts = influence(graph)
    return amounts[(graph.nodes.kind == E) | (graph.nodes.kind == T)].sum() > 0


def test_strict_shares_of_a_hand_graph_are_those_computed_on_paper():
    entries = [(F, 0, 0, 0, 1.0, ""), (E, 0, 0, 0, 0.0, ""), (T, -1, 0, 0, 0.0, "")]
    entries += [(C, -1, -1, 6, 0.0, "unembed_bias"), (D, -1, -1, 0, 0.0, "")]
    entries += [(L, -1, 0, 7, 0.5, "x")]
    edges = {(5, 0): 4.0, (5, 1): -2.0, (5, 3): 1.0, (5, 4): 1.0, (0, 2): 3.0, (0, 4): 0.0}
    lost = np.array([1.0, 3.0], np.float32)
    graph = graph_from_edges(node_table(entries), [0, 5], edges, dropped_absolute=lost)
    found = score(graph)
    # The logit: 4/10 feature, 2/10 error, 1/10 constant, 3/10 lost.
    # The feature: 3/4 token, 1/4 lost.
    strict = (found.token_share, found.error_share, found.constant_share, found.dropped_share)
    np.testing.assert_allclose(strict, [0.3, 0.2, 0.1, 0.4], rtol=1e-6)
    # Published: the logit is 4/6 feature and 2/6 error, the feature all token.
    np.testing.assert_allclose(found.replacement, 4 / 6)
    reached = {"feature": 1 / 3, "token": 1 / 3, "error": 1 / 6, "logit": 1 / 2}
    total = sum(reached.values())
    np.testing.assert_allclose(found.graph_completeness, (total - 1 / 3 * 1 / 2) / total)


@settings(max_examples=30, deadline=None)
@given(graph_settings)
def test_published_scores_equal_the_published_definitions(drawn):
    graph = random_graph(**drawn)
    assume(has_a_start(graph))
    found = score(graph)
    expected = published.scores(graph)
    np.testing.assert_allclose((found.replacement, found.graph_completeness), expected, rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(graph_settings, st.floats(0.3, 1.0), st.floats(0.3, 1.0))
def test_strict_shares_sum_to_one_before_and_after_pruning(drawn, nodes, edges):
    graph = random_graph(**drawn)
    pruned = prune(graph, PruneSettings(nodes, edges))
    assume(has_a_start(graph) and has_a_start(pruned))
    before, after = score(graph), score(pruned)
    for found in (before, after):
        shares = (
            found.token_share,
            found.error_share,
            found.constant_share,
            found.dropped_share,
        )
        assert min(shares) >= 0
        np.testing.assert_allclose(sum(shares), 1)
    assert after.dropped_share >= before.dropped_share - 1e-6


def test_a_graph_without_a_probability_or_a_path_cannot_be_scored():
    nodes = node_table([(T, -1, 0, 5, 0.0, ""), (L, -1, 0, 6, 0.0, "x")])
    with pytest.raises(GraphError, match="a probability above 0"):
        score(graph_from_edges(nodes, [1], {(1, 0): 1.0}))
    nodes = node_table([(T, -1, 0, 5, 0.0, ""), (L, -1, 0, 6, 0.5, "x")])
    with pytest.raises(GraphError, match="a path from a token"):
        score(graph_from_edges(nodes, [1], {}))
