"""Two graphs side by side in the explorer, matched node by node."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from atlas.graphs.graph import AttributionGraph, NodeKind
from site_builder.part_nodes import signed_shares
from tests.browser.explorer import ADDRESS, opened, the_graph
from tests.site_builder.built_site import example_library

pytestmark = pytest.mark.browser

OTHER = "microworld-changing-languages"


def other_graph() -> AttributionGraph:
    library = example_library()
    return AttributionGraph.load(library.graph_path(library.circuits[OTHER]))


def places(graph: AttributionGraph) -> list[tuple[int, ...]]:
    """What every node is."""
    nodes = graph.nodes
    columns = (nodes.kind, nodes.layer, nodes.index, nodes.position)
    return [tuple(map(int, place)) for place in zip(*columns, strict=True)]


def test_shared_nodes_and_the_edges_that_differ_most(visit):
    page = opened(visit, f"{ADDRESS}#tab=compare")
    page.get_by_label("Entry to compare with").select_option(OTHER)
    figures = page.locator(".compare-figures")
    one, other = the_graph(), other_graph()
    here, there = places(one), places(other)
    shared = set(here) & set(there)
    features = sum(place[0] == NodeKind.FEATURE for place in shared)
    expect(figures).to_contain_text(f"{features} in both, of {len(one.feature_nodes)} here")
    shares = [signed_shares(graph).toarray() for graph in (one, other)]
    best = max(
        abs(shares[0][here.index(t), here.index(s)] - shares[1][there.index(t), there.index(s)])
        for t in shared
        for s in shared
    )
    cells = page.locator(".compare-panel tbody tr").first.locator(".number").all_inner_texts()
    numbers = [float(text.replace("\N{MINUS SIGN}", "-").removesuffix(" %")) for text in cells]
    assert abs(numbers[0] - numbers[1]) == pytest.approx(100 * best, abs=0.11)


def test_what_is_selected_in_one_is_selected_in_the_other(visit):
    page = opened(visit, f"{ADDRESS}#beside={OTHER}")
    expect(page.locator(".link-view")).to_have_count(2)
    page.wait_for_function("graphExplorer.beside?.links?.layout")
    key = "4-81@8"
    page.evaluate(f"graphExplorer.select(graphExplorer.graph.byKey.get('{key}'))")
    beside = "graphExplorer.beside"
    assert page.evaluate(f"{beside}.graph.keys[{beside}.store.state.selected]") == key
    other = "2-117@7"
    page.evaluate(f"{beside}.select({beside}.graph.byKey.get('{other}'))")
    selected = "graphExplorer.graph.keys[graphExplorer.store.state.selected]"
    assert page.evaluate(selected) == other
    page.get_by_role("tab", name="Compare").click()
    page.get_by_label("match a feature also at other tokens").check()
    more = page.evaluate("graphExplorer.matched.reduce((sum, each) => sum + each, 0)")
    exact = len(set(places(the_graph())) & set(places(other_graph())))
    assert more >= exact
    page.get_by_role("button", name="Take it away").click()
    expect(page.locator(".link-view")).to_have_count(1)
    assert "beside" not in page.evaluate("location.hash")
