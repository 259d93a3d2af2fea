import numpy as np
import pytest

from atlas.entries.circuit import Circuit
from atlas.entries.prompts import PromptRow
from atlas.graphs.graph import NodeKind
from site_builder.part_nodes import (
    FoundEdge,
    answer_shares,
    entity_positions,
    expected_edges,
    part_nodes,
    path_shares,
    signed_shares,
)
from tests.site_builder.example_graph import example_graph
from tests.site_builder.example_library import capitals

TOKENS = ["<bos>", "The", "capital", "of", "the", "state", "containing", "Dallas", "is"]
PLANTED = [(0, 7, 12), (2, 7, 117), (2, 7, 9), (4, 8, 81)]
LINKS = {(0, 1): 2.0, (1, 3): 1.0, (3, 4): -1.0}


@pytest.fixture
def graph():
    return example_graph(TOKENS, PLANTED, LINKS, [("Austin", 0.9)], extra=0, noise=0.0)


@pytest.fixture
def circuit():
    return Circuit.from_data(capitals())


def row(state: str) -> PromptRow:
    entities = {"city": "Dallas", "state": state}
    return PromptRow(id="a", split="discovery", text="", target="", template="", entities=entities)


def test_a_keyed_part_has_the_features_of_the_rows_value(graph, circuit):
    features = graph.nodes.index
    texas = part_nodes(graph, circuit, row("Texas"))["state"]
    california = part_nodes(graph, circuit, row("California"))["state"]
    assert features[texas].tolist() == [117]
    assert features[california].tolist() == [9]


def test_features_at_another_token_do_not_belong_to_the_part(graph, circuit):
    elsewhere = PromptRow(
        id="a", split="test", text="", target="", template="", entities={"city": "state"}
    )
    assert len(part_nodes(graph, circuit, elsewhere)["city"]) == 0


@pytest.mark.parametrize(
    ("tokens", "entity", "places"),
    [
        (("<bos>", "Dallas", "is"), "Dallas", {1}),
        (("\u0120New", "\u0120York", "is"), "New York", {1}),
        (("\u2581Oak", "land", "is"), "Oakland", {1}),
        (("a", "b"), "c", set()),
        (("a",), "", set()),
        (("x", "Dallas", "Dallas"), "Dallas", {1, 2}),
    ],
)
def test_an_entity_is_found_at_its_last_token(tokens, entity, places):
    assert entity_positions(tokens, entity) == places


def test_shares_of_a_row_sum_to_one_in_size(graph):
    sums = np.asarray(abs(signed_shares(graph)).sum(axis=1)).reshape(-1)
    assert set(sums[graph.row_nodes].round(9)) <= {0.0, 1.0}


def test_paths_multiply_along_and_add_up_over_ways(graph):
    shares = signed_shares(graph)
    target = np.zeros(len(graph.nodes))
    target[3] = 1.0
    flow = path_shares(shares, target)
    first, middle = shares[3, 2], shares[2, 0]
    assert flow[2] == pytest.approx(first)
    assert flow[0] == pytest.approx(first * middle)


def test_expected_edges_show_direct_share_paths_and_sign(graph, circuit):
    members = part_nodes(graph, circuit, row("Texas"))
    edges = {(e.source, e.target): e for e in expected_edges(graph, circuit, members)}
    assert edges["city", "state"].direct == pytest.approx(2.0 / 2.2)
    assert edges["city", "state"].found
    through = edges["city", "say-capital"]  # expected as negative, is positive and indirect
    assert through.direct == 0
    assert through.over_paths > 0.5
    assert not through.found


def test_an_edge_to_a_part_without_nodes_is_not_found(graph, circuit):
    members = part_nodes(graph, circuit, row("Nowhere"))
    assert not any(e.found for e in expected_edges(graph, circuit, members) if e.target == "state")


def test_a_part_may_lower_the_answer(graph, circuit):
    shares = answer_shares(graph, part_nodes(graph, circuit, row("Texas")))
    assert shares["say-capital"] == pytest.approx(-1.0)
    assert shares["state"] < 0


def test_a_small_share_does_not_count_as_found():
    assert not FoundEdge("a", "b", "positive", 0.0, 0.005).found
    assert FoundEdge("a", "b", "negative", 0.0, -0.05).found


def test_the_example_has_all_kinds_of_nodes(graph):
    assert set(graph.nodes.kind) == set(NodeKind) - {NodeKind.DROPPED}
