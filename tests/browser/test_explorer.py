"""The graph explorer in a real browser."""

from __future__ import annotations

import gzip
import json
import struct

import numpy as np
import pytest
from playwright.sync_api import expect

from atlas.graphs.graph import AttributionGraph
from atlas.graphs.influence import influence
from atlas.graphs.scores import score
from tests.browser.explorer import ADDRESS, ENTRY, READY, opened, place_of, the_graph
from tests.site_builder.built_site import built_site

pytestmark = pytest.mark.browser


def test_a_circuit_leads_to_its_whole_graph(visit):
    page = visit().open(f"circuits/{ENTRY}/index.html")
    page.get_by_role("link", name="Explore the whole graph").click()
    expect(page.locator(READY)).to_be_attached()
    expect(page.locator("h1")).to_contain_text("From a city to its state")
    expect(page.locator(".shown-words")).to_contain_text(f"of {placed(the_graph())} nodes shown")
    expect(page.locator(".node-pane")).to_contain_text("Austin")


def placed(graph: AttributionGraph) -> int:
    """Nodes that have a place in the picture: all but constants and dropped mass."""
    return int(((graph.nodes.kind != 3) & (graph.nodes.kind != 4)).sum())


def test_the_picture_has_as_many_pixels_as_the_screen(visit):
    page = opened(visit, device_scale_factor=2)
    size = "(canvas) => [canvas.width, canvas.getBoundingClientRect().width]"
    pixels, width = page.locator(".link-base").evaluate(size)
    assert pixels == round(2 * width)
    painted = """() => {
      const canvas = document.querySelector('.link-base');
      const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      return data.filter((value, at) => at % 4 === 3 && value > 0).length;
    }"""
    assert page.evaluate(painted) > 5000


def test_pointing_at_a_node_describes_it_and_a_click_keeps_it(visit):
    page = opened(visit)
    page.mouse.move(*place_of(page, "2-117@7"))
    title = page.locator(".node-title")
    expect(title).to_contain_text("A city in Texas")
    expect(page.locator(".node-pane")).to_contain_text("The feature’s page")
    page.mouse.click(*place_of(page, "4-81@8"))
    page.mouse.move(*place_of(page, "2-117@7"))
    expect(title).to_contain_text("Say a capital")
    inputs = page.locator(".connections").first
    expect(inputs).to_contain_text("%")
    inputs.locator(".connection").first.click()
    expect(title).not_to_contain_text("Say a capital")


def test_pins_show_with_their_links_and_scores(visit):
    page = opened(visit)
    cards = page.locator(".subgraph .card")
    before = cards.count()
    expect(page.locator(".subgraph-scores")).to_contain_text("replacement")
    page.mouse.click(*place_of(page, "1-40@7"))
    page.get_by_role("button", name="Unpin", exact=True).click()
    page.get_by_role("button", name="Pin", exact=True).click()
    told = page.locator(".subgraph-scores").inner_text()
    free = page.evaluate(
        "() => [...graphExplorer.graph.arrays.kind.keys()].find((node) =>"
        " graphExplorer.graph.kind(node) === 0 && graphExplorer.graph.partOf[node] < 0)"
    )
    page.evaluate("node => graphExplorer.pin(node)", free)
    assert cards.count() >= before
    expect(page.locator(".subgraph-scores")).not_to_have_text(told)
    page.get_by_role("button", name="Unpin all").click()
    expect(cards).to_have_count(0)
    expect(page.locator(".subgraph-pane")).to_contain_text("Pin a node")


def test_scores_and_influence_are_those_of_the_engine(visit):
    page, graph = opened(visit), the_graph()
    found = page.evaluate("({...graphExplorer.whole, influence: [...graphExplorer.influence]})")
    wanted = score(graph)
    assert found["whole"]["replacement"] == pytest.approx(wanted.replacement, abs=1e-6)
    assert found["whole"]["completeness"] == pytest.approx(wanted.graph_completeness, abs=1e-6)
    shares = {name: getattr(wanted, f"{name.rstrip('s')}_share") for name in found["strict"]}
    assert found["strict"] == pytest.approx(shares, abs=1e-6)
    assert np.allclose(found["influence"], influence(graph), atol=1e-6)


def test_a_pinned_set_of_all_features_scores_as_the_whole_graph(visit):
    page = opened(visit)
    ask = """async (marks) => {
      const { answerWeights, scores } = await import('../assets/graph/data/flow.js');
      const { arrays } = graphExplorer.graph;
      return scores(arrays, answerWeights(arrays), Uint8Array.from(marks));
    }"""
    count = page.evaluate("graphExplorer.graph.count")
    whole = page.evaluate("graphExplorer.whole.whole")
    assert page.evaluate(ask, [1] * count) == pytest.approx(whole)
    assert page.evaluate(ask, [0] * count)["replacement"] < whole["replacement"]


def test_a_tap_selects_and_a_long_press_pins(visit):
    page = opened(visit, width=390, has_touch=True, is_mobile=True)
    page.touchscreen.tap(*place_of(page, "4-81@8"))
    expect(page.locator(".node-title")).to_contain_text("Say a capital")
    pinned = "graphExplorer.store.state.groups.some((group) => group.nodes.includes({}))"
    node = page.evaluate("graphExplorer.graph.byKey.get('4-81@8')")
    assert page.evaluate(pinned.format(node))
    x, y = place_of(page, "4-81@8")
    session = page.context.new_cdp_session(page)
    touch = {"touchPoints": [{"x": x, "y": y}]}
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", **touch})
    page.wait_for_timeout(700)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert not page.evaluate(pinned.format(node))


def test_two_fingers_and_the_wheel_zoom_and_a_drag_moves(visit):
    page = opened(visit, has_touch=True)
    view = "({...graphExplorer.links.view})"
    start = page.evaluate(view)
    box = page.locator(".link-view").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.wheel(0, -300)
    page.wait_for_function(f"graphExplorer.links.view.scale > {start['scale']}")
    closer = page.evaluate(view)
    page.mouse.down()
    page.mouse.move(middle[0] + 60, middle[1] + 20, steps=4)
    page.mouse.up()
    dragged = page.evaluate(view)
    assert dragged["x"] - closer["x"] == pytest.approx(60, abs=8)
    assert dragged["scale"] == closer["scale"]
    session = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 40), ("touchMove", 60), ("touchMove", 90)):
        points = [{"x": middle[0] - apart, "y": middle[1], "id": 0}]
        points.append({"x": middle[0] + apart, "y": middle[1], "id": 1})
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert page.evaluate(view)["scale"] > 1.5 * dragged["scale"]


def test_thresholds_say_what_they_leave_out(visit):
    page = opened(visit)
    page.get_by_role("slider", name="Nodes").fill("50")
    words = page.locator(".shown-words")
    expect(words).to_contain_text("not shown")
    graph = the_graph()
    amounts = np.sort(influence(graph))[::-1]
    few = int((np.cumsum(amounts) < 0.5 * amounts.sum()).sum()) + 1
    assert page.evaluate("graphExplorer.shown.nodes") < placed(graph)
    assert page.evaluate("graphExplorer.shown.nodes") >= few
    told = words.inner_text()
    page.get_by_role("slider", name="Edges").fill("30")
    expect(words).not_to_have_text(told)


def test_colours_follow_light_and_dark(visit):
    page = opened(visit)
    colour = "graphExplorer.links.colours.positive[3]"
    light = page.evaluate(colour)
    page.locator("button.appearance").click()
    page.wait_for_function(f"{colour} !== '{light}'")


BROKEN = {
    "cut off": lambda content: content[: len(content) // 2],
    "no graph": lambda content: b"<!doctype html><title>Not found</title>",
    "empty": lambda content: b"",
    "damaged": lambda content: content[:200] + b"\0\0\0\0" + content[204:],
    "a header too long": lambda content: gzip.compress(
        gzip.decompress(content)[:8] + struct.pack("<II", 1 << 31, 0)
    ),
    "an array beyond the end": lambda content: with_header(
        content, lambda header: header["arrays"]["weights"].update(offset=1 << 40)
    ),
    "nodes that are not there": lambda content: with_header(
        content, lambda header: header["arrays"].update(columns=header["arrays"]["weights"])
    ),
    "no tokens": lambda content: with_header(content, lambda header: header.update(tokens=None)),
    "another version": lambda content: with_header(
        content, lambda header: header.update(version=2)
    ),
}


def with_header(packed: bytes, change) -> bytes:
    """The file with its header changed."""
    content = gzip.decompress(packed)
    length = struct.unpack("<I", content[8:12])[0]
    header = json.loads(content[16 : 16 + length])
    change(header)
    written = json.dumps(header).encode()
    written += b" " * (-len(written) % 8)
    start = content[:8] + struct.pack("<II", len(written), 0)
    return gzip.compress(start + written + content[16 + length :])


def test_a_broken_file_is_refused_in_one_line(visit):
    good = (built_site().folder / "circuits" / ENTRY / "graph.bin").read_bytes()
    made = visit()
    for name, broken in BROKEN.items():
        body = broken(good)
        made.page.route("**/graph.bin", lambda route: route.fulfill(body=body))  # noqa: B023
        page = made.page
        page.goto(f"{made.base}/{ADDRESS}")
        expect(page.locator(".explorer-problem"), name).to_contain_text("expected")
        expect(page.locator(".explorer-entries li").first, name).to_be_visible()
        page.unroute("**/graph.bin")


def test_an_entry_that_does_not_exist_is_said_and_no_other_file_is_asked_for(visit):
    made = visit()
    page = made.open("graph/index.html?entry=../../secret")
    expect(page.locator(".explorer-problem")).to_contain_text("an entry’s id")
    assert not any("secret/graph.bin" in address for address in made.asked)


def test_hostile_words_are_shown_as_words(visit):
    page = opened(visit, "graph/index.html?entry=hostile")
    assert page.evaluate("window.hacked") is None
    assert page.locator(".explorer script, .explorer img").count() == 0
    expect(page.locator("h1")).to_contain_text("<")
