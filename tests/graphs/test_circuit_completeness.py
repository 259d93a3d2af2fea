"""Completeness of a circuit in a graph, against numbers followed on paper."""

from __future__ import annotations

import numpy as np
import pytest

from atlas.errors import GraphError
from atlas.graphs.circuit_completeness import circuit_completeness
from tests.graphs.hand_graphs import F, L, T, graph_from_edges, node_table, small_graph

ALL_OFF = 0.75 * -5 + 0.25 * 2  # both features off: Austin loses 4 + 1, Boston gains 2


def nodes(*numbers):
    return np.array(numbers, dtype=np.int64)


def test_a_circuit_of_all_features_is_complete():
    found = circuit_completeness(small_graph(), {"all": nodes(0, 1)})
    assert (found.circuit_completeness, found.worst, found.subsets) == (1.0, 1.0, 2)


def test_what_a_part_leaves_out_is_missed():
    found = circuit_completeness(small_graph(), {"first": nodes(0)})
    second_off = 0.75 * -4 + 0.25 * 2
    # Without the first feature the second gets 2 less, which switches it off: no gap there.
    gap = second_off / ALL_OFF
    assert found.worst == pytest.approx(1 - gap)
    assert found.circuit_completeness == pytest.approx(1 - gap / 2)


def test_a_feature_without_its_input_is_as_active_as_its_row_says():
    table = node_table([
        (F, 0, 1, 0, 2.0, ""), (F, 1, 1, 0, 4.0, ""), (T, -1, 1, 5, 0.0, ""),
        (L, -1, 1, 3, 1.0, " a"),
    ])  # fmt: skip
    edges = {(0, 2): 2.0, (1, 0): 1.0, (1, 2): 3.0, (3, 1): 8.0, (3, 2): 1.0}
    graph = graph_from_edges(table, [0, 1, 3], edges)
    # The first feature off takes a quarter of the second: 2 of 8 logits. Only the second in the
    # circuit, and off: all 8 are lost whether the first is there or not.
    found = circuit_completeness(graph, {"second": nodes(1)})
    assert found.worst == pytest.approx(1 - 2 / 8)
    assert found.circuit_completeness == pytest.approx(1 - 1 / 8)


def test_many_parts_are_taken_away_in_the_same_random_sets():
    parts = {f"part {number}": nodes(number % 2) for number in range(8)}
    first, second = (circuit_completeness(small_graph(), parts) for _ in range(2))
    assert first == second
    assert first.subsets == 64
    assert first.circuit_completeness == 1.0


@pytest.mark.parametrize(
    ("graph", "parts", "message"),
    [
        (small_graph(), {"none": nodes()}, "parts with nodes"),
        (
            graph_from_edges(
                node_table([(F, 0, 1, 0, 0.0, ""), (L, -1, 1, 3, 1.0, " a")]), [1], {(1, 0): 1.0}
            ),
            {"a": nodes(0)},
            "an activation for each feature",
        ),
        (
            graph_from_edges(
                node_table([(F, 0, 1, 0, 1.0, ""), (T, -1, 1, 0, 0.0, ""), (L, -1, 1, 3, 1.0, "")]),
                [2],
                {(2, 1): 1.0},
            ),
            {"a": nodes(0)},
            "features that move a logit",
        ),
    ],
)
def test_what_says_nothing_is_refused(graph, parts, message):
    with pytest.raises(GraphError, match=message):
        circuit_completeness(graph, parts)
