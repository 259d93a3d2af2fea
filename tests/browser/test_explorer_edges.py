"""The explorer's edges: their shares, weights, signs and heads, in a real browser."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.explorer import ADDRESS, READY, opened, place_of, the_graph

pytestmark = pytest.mark.browser

PERCENT = r"[+−][0-9.]+ %"


def signed(words: str) -> float:
    return float(words.replace("−", "-").removesuffix(" %"))


def test_shares_beside_a_node_are_those_of_its_input(visit):
    page, graph = opened(visit), the_graph()
    row = graph.rows.shape[0] - 4  # the first of four answers
    weights = graph.rows[[row]].toarray().reshape(-1)
    strongest = 100 * np.abs(weights).max() / (np.abs(weights).sum() + graph.lost_mass[row])
    page.mouse.click(*place_of(page, "a500@8"))
    expect(page.locator(".connection .share").first).to_have_text(f"+{strongest:.1f} %")


def test_only_raising_or_only_lowering_edges(visit):
    page = opened(visit)
    signs = "[...graphExplorer.edges.edges].map((e) => Math.sign(graphExplorer.graph.share(e)))"
    assert set(page.evaluate(signs)) == {-1, 1}
    for words, sign in (("only raising", 1), ("only lowering", -1)):
        page.get_by_label("Sign of the links").select_option(words)
        page.wait_for_function(f"{signs}.every((sign) => sign === {sign})")
        assert page.evaluate("graphExplorer.edges.edges.length") > 0


def test_inputs_are_added_up_by_token(visit):
    page, graph = opened(visit), the_graph()
    page.mouse.click(*place_of(page, "a500@8"))
    page.get_by_role("button", name="by token").first.click()
    row = graph.rows[[graph.rows.shape[0] - 4]].toarray().reshape(-1)
    total = np.abs(row).sum() + graph.lost_mass[-4]
    at_dallas = 100 * row[graph.nodes.position == 7].sum() / total
    shown = page.locator(".connection", has_text="“Dallas”").first.locator(".share").inner_text()
    found = float(shown.replace("\N{MINUS SIGN}", "-").removesuffix(" %"))
    assert found == pytest.approx(at_dallas, abs=0.051)


def test_edges_are_told_in_weights_where_a_reader_wants_them(visit):
    page, graph = opened(visit), the_graph()
    page.mouse.click(*place_of(page, "a500@8"))
    page.get_by_role("button", name="weights").first.click()
    row = graph.rows[[graph.rows.shape[0] - 4]].toarray().reshape(-1)
    shares = page.locator(".connections").first.locator(".share").all_inner_texts()
    found = [float(each.replace("\N{MINUS SIGN}", "-")) for each in shares]
    wanted = row[np.argsort(-np.abs(row), kind="stable")][: len(found)]
    assert found == pytest.approx(wanted.tolist(), rel=0.006)
    page.get_by_role("button", name="by token").first.click()
    at_dallas = row[graph.nodes.position == 7].sum()
    shown = page.locator(".connection", has_text="“Dallas”").first.locator(".share").inner_text()
    assert float(shown.replace("\N{MINUS SIGN}", "-")) == pytest.approx(at_dallas, rel=0.006)
    page.get_by_role("button", name="weights").first.click()
    expect(page.locator(".connection .share").first).to_contain_text("%")


def test_an_edge_says_which_heads_carry_it_and_they_sum_to_it(visit):
    made = visit()
    page = made.open(ADDRESS)
    expect(page.locator(READY)).to_be_attached()
    assert not [asked for asked in made.asked if asked.endswith("heads.json")]
    page.get_by_role("button", name="by head").first.click()
    inputs = page.locator(".connection-list").first
    expect(inputs.locator(".edge-ways").first).to_contain_text("head 1.0 ")
    shares = inputs.locator(".connection .share").all_inner_texts()
    ways = inputs.locator(".edge-ways").all_inner_texts()
    for share, told in zip(shares, ways, strict=True):
        if told != "not split by head":
            parts = [signed(part) for part in re.findall(PERCENT, told)]
            assert sum(parts) == pytest.approx(signed(share), abs=0.3)
    page.get_by_role("button", name="by head").first.click()
    expect(inputs.locator(".edge-ways")).to_have_count(0)


def test_a_graph_that_was_not_split_by_head_says_what_to_do(visit):
    page = opened(visit, "graph/index.html?entry=long")
    page.get_by_role("button", name="by head").first.click()
    expect(page.locator(".explorer-message")).to_contain_text("atlas reproduce long")
