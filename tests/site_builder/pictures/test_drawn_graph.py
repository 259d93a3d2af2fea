import numpy as np
import pytest

from atlas.entries.circuit import Circuit
from atlas.graphs.graph import NodeKind
from site_builder.pictures import drawn_graph
from site_builder.pictures.drawn_graph import count_placed, draw_graph
from site_builder.pictures.graph_picture import graph_data, graph_svg
from tests.site_builder.built_site import PageReader
from tests.site_builder.example_graph import example_graph
from tests.site_builder.example_library import capitals
from tests.site_builder.test_part_nodes import LINKS, PLANTED, TOKENS, row

CIRCUIT = Circuit.from_data(capitals())


@pytest.fixture
def drawn(monkeypatch):
    monkeypatch.setattr(drawn_graph, "MOST_NODES", 60)
    graph = example_graph(TOKENS, PLANTED, LINKS, [("Austin", 0.9)], extra=300, noise=0.2)
    return draw_graph(graph, CIRCUIT, row("Texas"))


def test_a_large_graph_is_cut_until_it_can_be_drawn(drawn):
    assert count_placed(drawn.graph) <= 60
    assert drawn.node_threshold < 1
    assert drawn.features_before == len(PLANTED) + 300


def test_nodes_of_parts_stay_whatever_their_influence(drawn):
    assert all(len(drawn.members[part]) for part in ("city", "state", "say-capital"))


def test_nodes_stand_in_the_row_of_their_layer_and_the_column_of_their_token(drawn):
    nodes, layout = drawn.graph.nodes, drawn.layout
    heights = dict(layout.rows)
    for node in drawn.graph.feature_nodes:
        assert layout.y[node] == heights[f"layer {nodes.layer[node]}"]
        nearest = np.abs(layout.columns - layout.x[node]).argmin()
        assert nearest == nodes.position[node]


def test_no_two_nodes_stand_on_one_place(drawn):
    placed = ~np.isnan(drawn.layout.x)
    places = set(zip(drawn.layout.x[placed], drawn.layout.y[placed], strict=True))
    assert len(places) == placed.sum()
    assert drawn.layout.x[placed].max() < drawn.layout.width


def test_constants_and_dropped_mass_are_data_and_not_drawn(drawn):
    data = graph_data(drawn, CIRCUIT, {})
    kinds = drawn.graph.nodes.kind
    for node in np.flatnonzero(np.isin(kinds, (NodeKind.CONSTANT, NodeKind.DROPPED))):
        assert data["x"][node] is None
    assert "encoder bias" in data["label"]


def test_sign_is_told_by_class_and_so_by_dash(drawn):
    page = PageReader(graph_svg(drawn, CIRCUIT))
    paths = [values for name, values in page.elements if name == "path" and "class" in values]
    classes = {values["class"].split()[0] for values in paths}
    assert {"edge-positive", "edge-negative"} <= classes
