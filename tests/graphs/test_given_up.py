"""What rows gave up bounds how far a sparse graph's numbers lie from the whole graph's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from atlas.errors import GraphError, GraphFormatError
from atlas.graphs.given_up import bounds, given_up_mass
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.influence import influence, logit_probabilities
from atlas.graphs.largest import largest
from atlas.graphs.prune import edge_scores, nodes_to_keep
from atlas.graphs.scores import score
from tests.graphs.hand_graphs import F, L, T, graph_from_edges, node_table
from tests.graphs.random_graphs import graph_settings, random_graph

SLACK = 1e-6  # rounding of float32 sums


def sparse(graph, keep):
    """The graph whose rows gave up their smallest weights from features, errors and tokens."""
    kept = np.ones(graph.rows.nnz, dtype=bool)
    given_up = np.zeros(len(graph.row_nodes), np.float32)
    small = graph.nodes.kind[graph.edges.sources] <= NodeKind.TOKEN
    for row in range(len(graph.row_nodes)):
        here = np.flatnonzero((graph.edge_rows == row) & small)
        amounts = np.abs(graph.edges.weights[here])
        kept[here] = largest(amounts, keep)
        given_up[row] = np.nextafter(amounts[~kept[here]].sum(), np.float32(np.inf))
    every = np.ones(len(graph.nodes), dtype=bool)
    given_up[given_up < 1e-30] = 0
    return replace(graph.subgraph(every, kept), given_up=given_up)


def by_name(graph, amounts):
    return {graph.nodes.describe(node): amount for node, amount in enumerate(amounts)}


def per_probability(graph):
    return by_name(graph, influence(graph) / logit_probabilities(graph).sum())


def drawn_pair(drawn, keep):
    whole = random_graph(**drawn)
    return whole, sparse(whole, keep)


shares = st.sampled_from([0.3, 0.6, 0.9, 0.99])


@settings(max_examples=60, deadline=None)
@given(graph_settings, shares)
def test_no_nodes_influence_is_further_off_than_the_given_up_mass(drawn, keep):
    whole, part = drawn_pair(drawn, keep)
    exact, found = per_probability(whole), per_probability(part)
    off = max(abs(exact[name] - found[name]) for name in exact)
    assert off <= given_up_mass(part) + SLACK


@settings(max_examples=60, deadline=None)
@given(graph_settings, shares, shares)
def test_what_the_most_influential_nodes_hold_is_off_by_no_more_than_the_bound(drawn, keep, share):
    whole, part = drawn_pair(drawn, keep)
    exact, found = per_probability(whole), per_probability(part)
    assume(sum(found.values()) > 0)
    limit = bounds(part).held_share + SLACK
    kept = [
        part.nodes.describe(node) for node in np.flatnonzero(nodes_to_keep(part, share)).tolist()
    ]
    held = [sum(amounts.get(name, 0) for name in kept) / sum(amounts.values())
            for amounts in (exact, found)]  # fmt: skip
    assert abs(held[0] - held[1]) <= limit
    curves = [np.cumsum(sorted(amounts.values(), reverse=True)) for amounts in (exact, found)]
    longest = min(map(len, curves))
    curves = [curve[:longest] / curve[-1] for curve in curves]
    assert np.abs(curves[0] - curves[1]).max() <= limit


@settings(max_examples=60, deadline=None)
@given(graph_settings, shares)
def test_no_score_is_further_off_than_its_bound(drawn, keep):
    whole, part = drawn_pair(drawn, keep)
    try:
        exact, found = score(whole), score(part)
    except GraphError:
        assume(False)
    limit = bounds(part)
    assert abs(exact.replacement - found.replacement) <= limit.replacement + SLACK
    gap = exact.graph_completeness - found.graph_completeness
    assert abs(gap) <= limit.graph_completeness + SLACK
    names = ("token_share", "error_share", "constant_share")
    missing = [getattr(exact, name) - getattr(found, name) for name in names]
    assert min(missing) >= -SLACK
    assert sum(missing) <= limit.strict_shares + SLACK


@settings(max_examples=30, deadline=None)
@given(graph_settings, shares)
def test_no_edges_score_is_further_off_than_the_given_up_mass(drawn, keep):
    whole, part = drawn_pair(drawn, keep)
    exact, found = (scores_by_edge(graph) for graph in (whole, part))
    total = logit_probabilities(part).sum()
    off = max((abs(exact[edge] - amount) for edge, amount in found.items()), default=0)
    assert off / total <= given_up_mass(part) + SLACK


def scores_by_edge(graph):
    published = np.flatnonzero(graph.nodes.kind[graph.edges.sources] <= NodeKind.TOKEN)
    traced = np.isin(graph.edges.sources[published], graph.row_nodes)
    feature = graph.nodes.kind[graph.edges.sources[published]] == NodeKind.FEATURE
    chosen = published[traced | ~feature]
    named = [graph.nodes.describe(node) for node in range(len(graph.nodes))]
    ends = zip(graph.edges.targets[chosen], graph.edges.sources[chosen], strict=True)
    names = [(named[target], named[source]) for target, source in ends]
    return dict(zip(names, edge_scores(graph, chosen), strict=True))


@settings(max_examples=30, deadline=None)
@given(graph_settings, shares, shares)
def test_the_bound_holds_for_the_nodes_that_pruning_kept(drawn, keep, share):
    whole, part = drawn_pair(drawn, keep)
    kept = nodes_to_keep(part, share)
    names = {part.nodes.describe(node) for node in np.flatnonzero(kept).tolist()}
    same = np.array([whole.nodes.describe(node) in names for node in range(len(whole.nodes))])
    exact, found = per_probability(whole.subgraph(same)), per_probability(part.subgraph(kept))
    off = max(abs(exact.get(name, 0) - amount) for name, amount in found.items())
    assert off <= given_up_mass(part.subgraph(kept)) + SLACK


def hand_graph():
    """A logit, 8 from a feature and 2 from a token; the feature, 3 from a token and 1 from that."""
    entries = [(F, 0, 1, 0, 1.0, ""), (T, -1, 0, 0, 0.0, ""), (T, -1, 1, 1, 0.0, "")]
    entries += [(L, -1, 1, 7, 0.5, "x")]
    edges = {(3, 0): 8.0, (3, 2): -2.0, (0, 1): 3.0, (0, 2): 1.0}
    return graph_from_edges(node_table(entries), [0, 3], edges)


def test_the_bound_is_met_where_all_that_was_given_up_leads_elsewhere():
    part = sparse(hand_graph(), 0.75)
    assert part.given_up.tolist() == pytest.approx([1.0, 2.0])
    # The logit's row gives up 2 of 10, then the feature's 1 of 4: 1/5 + 4/5 · 1/4.
    assert given_up_mass(part) == pytest.approx(0.4)
    exact, found = per_probability(hand_graph()), per_probability(part)
    assert max(abs(exact[name] - found[name]) for name in exact) == pytest.approx(0.4)


def test_rows_that_were_traced_whole_have_no_bound():
    assert bounds(hand_graph()) is None
    assert given_up_mass(hand_graph()) == 0


def test_what_rows_gave_up_is_saved_and_checked(tmp_path):
    part = sparse(hand_graph(), 0.75)
    part.save(tmp_path / "graph.npz")
    assert AttributionGraph.load(tmp_path / "graph.npz").equals(part)
    with pytest.raises(GraphFormatError, match=r"given_up\[1\]: expected from 0 to 2"):
        replace(part, given_up=np.array([0, 9], np.float32))
