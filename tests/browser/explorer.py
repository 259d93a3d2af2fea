"""Opens the graph explorer, for the tests of its parts."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from atlas.graphs.graph import AttributionGraph
from tests.site_builder.built_site import example_library

ENTRY = "microworld-states-and-capitals"
ADDRESS = f"graph/index.html?entry={ENTRY}"
READY = ".explorer[data-ready]"


def opened(visit, address: str = ADDRESS, **settings) -> Page:
    """The explorer's page when the graph is shown."""
    page = visit(**settings).open(address)
    expect(page.locator(READY)).to_be_attached()
    return page


def place_of(page: Page, key: str) -> tuple[float, float]:
    """Where a node is on the screen."""
    x, y = page.evaluate(
        "key => graphExplorer.links.screen(graphExplorer.graph.byKey.get(key))", key
    )
    box = page.locator(".link-view").bounding_box()
    return box["x"] + x, box["y"] + y


def the_graph() -> AttributionGraph:
    """The graph of that entry."""
    library = example_library()
    return AttributionGraph.load(library.graph_path(library.circuits[ENTRY]))
