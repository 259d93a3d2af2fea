"""Influence in one pass equals the published series, on paper and on random graphs."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from atlas.graphs.influence import cumulative_influence, influence
from tests.graphs import published_definitions as published
from tests.graphs.hand_graphs import E, F, L, T, graph_from_edges, node_table
from tests.graphs.random_graphs import graph_settings, random_graph


def twelve_nodes():
    """Shares chosen on paper so that influence is that of circuit-tracer's own 12-node test.

    The logit takes 1/3 from feature 1, 1/4 from feature 3 and from token 8, 1/6 from token 10;
    feature 1 all from error 6; feature 3 a third from feature 0 and the rest from token 9, which
    gives all of feature 0. Features 2, 4 and 5 and error 7 reach nothing.
    """
    entries = [(F, layer, 2, index, 1.0, "") for layer, index in enumerate(range(6))]
    entries += [(E, 0, 1, 0, 0.0, ""), (E, 1, 2, 0, 0.0, "")]
    entries += [(T, -1, position, position, 0.0, "") for position in range(3)]
    entries += [(L, -1, 2, 7, 1.0, "x")]
    edges = {
        (11, 1): 4.0,
        (11, 3): -3.0,
        (11, 8): 3.0,
        (11, 10): -2.0,
        (1, 6): -0.5,
        (3, 0): 1.0,
        (3, 9): 2.0,
        (0, 9): 7.0,
        (2, 9): 1.0,
        (4, 2): 5.0,
        (5, 4): 1.0,
        (5, 7): 1.0,
    }
    header = random_graph(0, positions=3).header
    return graph_from_edges(node_table(entries), [0, 1, 2, 3, 4, 5, 11], edges, header=header)


def test_influence_of_the_twelve_node_graph_is_the_golden_one():
    golden = [1 / 12, 1 / 3, 0, 1 / 4, 0, 0, 1 / 3, 0, 1 / 4, 1 / 4, 1 / 6, 0]
    np.testing.assert_allclose(influence(twelve_nodes()), golden, atol=1e-12)


def test_cumulative_influence_is_small_for_important_nodes_and_ends_at_one():
    shares = cumulative_influence(twelve_nodes())
    # 5/3 in all; the two largest are features 1 and 6, in that order.
    np.testing.assert_allclose(shares[[1, 6]], [1 / 5, 2 / 5])
    np.testing.assert_allclose(shares.max(), 1)


def test_the_smallest_graph_has_the_influence_of_its_logit():
    nodes = node_table([(T, -1, 0, 5, 0.0, ""), (L, -1, 0, 6, 0.5, "x")])
    graph = graph_from_edges(nodes, [1], {(1, 0): -3.0})
    assert influence(graph).tolist() == [0.5, 0.0]


@settings(max_examples=30, deadline=None)
@given(graph_settings)
def test_one_pass_equals_the_series(drawn):
    graph = random_graph(**drawn)
    matrix, output, known = published.square(graph)
    expected = np.zeros(len(graph.nodes))
    expected[known] = published.series(published.normalised(matrix), output)
    np.testing.assert_allclose(influence(graph), expected, rtol=1e-6, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(graph_settings)
def test_one_pass_equals_the_triangular_solve(drawn):
    graph = random_graph(**drawn)
    matrix, output, known = published.square(graph)
    share = published.normalised(matrix)
    solved = np.linalg.solve(np.eye(len(share)) - share.T, output) - output
    np.testing.assert_allclose(influence(graph)[known], solved, rtol=1e-6, atol=1e-9)
