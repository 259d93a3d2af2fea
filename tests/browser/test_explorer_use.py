"""What a reader does with a graph in the explorer: find, group, hide, undo, share, all by keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.explorer import ADDRESS, opened, place_of

pytestmark = pytest.mark.browser

STATE = """() => {
  const { state } = graphExplorer.store;
  return { ...state, labels: [...state.labels] };
}"""


def state(page: Page) -> dict:
    """What the reader has done."""
    return page.evaluate(STATE)


def settled(page: Page) -> str:
    """The address, once moves that are put together stand in it."""
    page.wait_for_timeout(350)
    return page.url


def test_every_state_stands_in_the_address_and_comes_back_from_it(visit):
    made = visit()
    page = made.open(ADDRESS)
    page.wait_for_selector(".explorer[data-ready]")
    page.evaluate("""() => {
      const { store, graph } = graphExplorer;
      const free = (node) => graph.kind(node) === 0 && graph.partOf[node] < 0;
      const [one, two, three] = [...graph.arrays.kind.keys()].filter(free);
      const made = { label: 'x:y z', nodes: [one, three], part: -1 };
      store.change({ selected: one, pins: [two], hidden: [three], links: 'pinned', errors: false,
        labels: new Map([[one, 'a: b, & "c" <d> #%']]), nodeShare: 0.8, edgeShare: 0.35,
        search: 'layer:2', view: { x: 400, y: 200, zoom: 1.25 }, tab: 'tables' });
      store.change({ groups: [...store.state.groups.slice(1), made] });
    }""")
    before, address = state(page), settled(page)
    assert "#" in address
    again = visit()
    again.page.goto(address)
    again.page.wait_for_selector(".explorer[data-ready]")
    assert state(again.page) == before
    expect(again.page.locator(".tables-panel")).to_be_visible()
    page.evaluate("graphExplorer.store.change({ groups: [] })")
    emptied = settled(page)
    again.page.goto("about:blank")
    again.page.goto(emptied)
    again.page.wait_for_selector(".explorer[data-ready]")
    assert state(again.page)["groups"] == []


def test_nodes_that_a_graph_does_not_have_are_said(visit):
    page = opened(visit, f"{ADDRESS}#node=9-9@9&pins=1-40@7 8-8@8&view=x&nodes=7&links=none")
    expect(page.locator(".explorer-message")).to_contain_text("2 nodes of this address")
    assert state(page)["selected"] is None
    assert state(page)["links"] == "all"


def test_back_and_forward_and_undo_and_redo(visit):
    page = opened(visit)
    title = page.locator(".node-title")
    page.mouse.click(*place_of(page, "4-81@8"))
    expect(title).to_contain_text("Say a capital")
    page.wait_for_timeout(50)
    page.mouse.click(*place_of(page, "2-117@7"))
    expect(title).to_contain_text("A city in Texas")
    page.wait_for_timeout(50)
    page.go_back()
    expect(title).to_contain_text("Say a capital")
    page.go_forward()
    expect(title).to_contain_text("A city in Texas")
    before = state(page)["groups"]
    page.get_by_role("button", name="Hide", exact=True).click()
    expect(page.get_by_role("button", name="Show 1 hidden node")).to_be_visible()
    assert len(state(page)["hidden"]) == 1
    page.get_by_role("button", name="Undo").click()
    assert state(page)["hidden"] == []
    assert state(page)["groups"] == before
    page.get_by_role("button", name="Redo").click()
    assert len(state(page)["hidden"]) == 1
    page.get_by_role("button", name="Show 1 hidden node").click()
    assert state(page)["hidden"] == []


def test_search_finds_by_label_layer_kind_and_token(visit):
    page = opened(visit)
    field = page.get_by_label("Find nodes in this graph")
    told = page.locator(".search-told")
    field.fill("label:capital layer:4")
    expect(told).to_have_text("1 found")
    field.press("Enter")
    expect(page.locator(".node-title")).to_contain_text("Say a capital")
    field.fill("kind:error token:Dallas")
    errors = page.evaluate("graphExplorer.found.map((node) => graphExplorer.graph.name(node))")
    assert len(errors) == 6
    assert all(name.startswith("error") for name in errors)
    field.press("Enter")
    first = state(page)["selected"]
    page.get_by_label("The next found node").click()
    assert state(page)["selected"] != first
    page.get_by_label("The found node before").click()
    assert state(page)["selected"] == first
    page.get_by_label("errors", exact=True).uncheck()
    expect(told).to_have_text("0 found, 6 more not shown")
    field.fill("nothing of the kind")
    expect(told).to_have_text("0 found")


def test_a_lasso_chooses_and_the_chosen_are_grouped_and_named(visit):
    page = opened(visit)
    page.get_by_role("button", name="Unpin all").click()
    x, y = place_of(page, "4-81@8")
    page.get_by_role("button", name="Lasso").click()
    page.mouse.move(x - 60, y - 12)
    page.mouse.down()
    for corner in ((x + 60, y - 12), (x + 60, y + 12), (x - 60, y + 12)):
        page.mouse.move(*corner, steps=3)
    page.mouse.up()
    chosen = page.evaluate("graphExplorer.chosen")
    node = page.evaluate("graphExplorer.graph.byKey.get('4-81@8')")
    assert node in chosen
    assert len(chosen) > 1
    page.get_by_role("button", name="Group", exact=True).click()
    assert state(page)["groups"][0]["nodes"] == chosen
    page.get_by_role("button", name="Lasso").click()
    page.mouse.click(*place_of(page, "4-81@8"))
    page.get_by_role("button", name="Name the part").click()
    page.get_by_label("The part’s name").fill("<b>say it</b>")
    page.keyboard.press("Enter")
    expect(page.locator(".subgraph .card")).to_contain_text("<b>say it</b>")
    page.get_by_role("button", name="Take the part apart").click()
    assert state(page)["groups"] == []
    assert state(page)["pins"] == chosen


def test_pinned_nodes_are_grouped_by_token_label_and_part(visit):
    page = opened(visit)
    parts = state(page)["groups"]
    page.get_by_role("button", name="Unpin all").click()
    features = "[...graphExplorer.graph.arrays.kind.keys()].slice(0, 60)"
    page.evaluate(f"graphExplorer.store.change({{ pins: {features} }})")
    rules = page.get_by_label("Group pinned or chosen nodes")
    rules.select_option("token")
    groups = state(page)["groups"]
    assert sum(len(group["nodes"]) for group in groups) + len(state(page)["pins"]) == 60
    where = "nodes => new Set(nodes.map((node) => graphExplorer.graph.arrays.position[node])).size"
    assert all(page.evaluate(where, group["nodes"]) == 1 for group in groups)
    page.evaluate(f"graphExplorer.store.change({{ groups: [], pins: {features} }})")
    rules.select_option("part")
    assert [group["label"] for group in state(page)["groups"]] == [part["label"] for part in parts]
    named = "new Map([[0, 'same'], [7, 'same'], [9, 'other']])"
    page.evaluate(f"graphExplorer.store.change({{ groups: [], pins: [0, 7, 9], labels: {named} }})")
    rules.select_option("label")
    assert state(page)["groups"] == [{"label": "same", "nodes": [0, 7], "part": -1}]
    assert state(page)["pins"] == [9]


def test_a_reader_labels_a_node(visit):
    page = opened(visit)
    page.mouse.click(*place_of(page, "1-40@7"))
    page.get_by_role("button", name="Label", exact=True).click()
    page.get_by_label("What this node means").fill("<img src=x onerror=hack()> p h")
    page.keyboard.press("Enter")
    expect(page.locator(".node-title")).to_contain_text("<img src=x onerror=hack()> p h")
    assert state(page)["hidden"] == []  # letters typed in a field are no commands
    assert "label=" in page.url


def test_everything_is_done_by_keys(visit):
    page = opened(visit)
    stops = page.locator(".node-stop[tabindex='0']")
    assert stops.count() == 1
    stops.focus()
    said = []
    for key in ("ArrowDown", "ArrowLeft", "ArrowDown", "ArrowRight", "ArrowUp", "Shift+ArrowDown"):
        page.keyboard.press(key)
        assert stops.count() == 1
        said.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    assert len(set(said)) > 3
    assert all("inputs" in words or "input" in words for words in said)
    page.keyboard.press("Enter")
    node = page.evaluate("graphExplorer.links.focused")
    assert state(page)["selected"] == node
    pins = state(page)["pins"]
    page.keyboard.press("p")
    assert state(page)["pins"] != pins or state(page)["groups"]
    page.keyboard.press("Control+z")
    assert state(page)["pins"] == pins
    page.keyboard.press("h")
    assert state(page)["hidden"] == [node]
    page.keyboard.press("Control+z")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.type("capital ph")
    assert state(page)["hidden"] == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("along the strongest edge")
    page.keyboard.press("Escape")
    page.keyboard.press("+")
    assert state(page)["view"] is not None
    page.keyboard.press("0")
    assert state(page)["view"] is None


def test_edges_are_followed_by_keys(visit):
    page = opened(visit)
    page.evaluate("graphExplorer.links.keys.put(graphExplorer.graph.byKey.get('a500@8'), true)")
    page.keyboard.press("Shift+ArrowDown")
    strongest = """() => {
      const { graph, links, shown } = graphExplorer;
      const { inputs } = links.linksOf(graph.byKey.get('a500@8'));
      const ends = inputs.map((edge) => graph.arrays.columns[edge]);
      return ends.filter((node) => shown.shown[node]).slice(0, 2);
    }"""
    first, second = page.evaluate(strongest)
    assert page.evaluate("graphExplorer.links.focused") == first
    page.keyboard.press("Shift+ArrowRight")
    assert page.evaluate("graphExplorer.links.focused") == second


def test_the_tables_say_what_the_picture_shows(visit):
    page = opened(visit)
    page.get_by_role("tab", name="Tables").click()
    nodes, edges = page.locator(".graph-table").all()
    shown = page.evaluate("[graphExplorer.shown.nodes, graphExplorer.edges.edges.length]")
    expect(nodes.locator("caption")).to_contain_text(f"{shown[0]} nodes")
    expect(edges.locator("caption")).to_contain_text(f"{shown[1]} edges")
    first = edges.locator("tbody tr").first.inner_text()
    page.locator(".table-pager").last.get_by_role("button", name="Next").click()
    expect(page.locator(".graph-table").last.locator("tbody tr").first).not_to_have_text(first)
    nodes.locator(".table-node").first.click()
    assert state(page)["selected"] is not None


def test_the_strongest_inputs_are_told_in_words(visit):
    page = opened(visit)
    words = page.locator(".node-pane .visually-hidden").inner_text()
    assert words.startswith("The strongest inputs of answer “Austin”: ")
    assert words.count("%") == 10
