"""The map of circuits: a picture that reads without scripts, a table, and links both ways."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from site_builder.shared_content import shared_content
from tests.site_builder.built_site import built_site

pytestmark = pytest.mark.browser


def groups():
    files = sorted((built_site().folder / "circuits").glob("*/compare.json"))
    return shared_content([json.loads(each.read_text("utf-8")) for each in files])


def address() -> str:
    """The map of the dictionary with the most pairs that share something."""
    found = groups()
    best = max(found, key=lambda each: each.survey.pair_count)
    return "map/index.html" if len(found) == 1 else f"map/{best.model}/{best.dictionary}/index.html"


def test_the_matrix_and_the_table_say_the_same_without_scripts(visit):
    best = max(groups(), key=lambda each: each.survey.pair_count)
    page = visit(java_script_enabled=False, width=390).open(address())
    expect(page.locator("svg.map-matrix")).to_be_visible()
    one, other = best.survey.pairs[0]
    alike = best.likeness([one], [other])
    row = page.locator(".section-pairs tbody tr").first
    titles = row.locator("td a").all_text_contents()
    assert titles[:2] == [best.circuits[one]["title"], best.circuits[other]["title"]]
    cells = row.locator("td.number").all_text_contents()
    assert cells[0].split()[0] == f"{alike.cosine[0, 0]:.2f}"
    assert cells[2] == f"{alike.jaccard[0, 0]:.2f}"
    values = page.locator(".map-value").all_text_contents()
    assert values
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_pairs_lead_to_the_comparison_and_features_to_behaviours_and_back(visit):
    page = visit(scheme="dark").open(address())
    feature = page.locator(".section-features tbody tr").first
    feature.locator("td a").first.click()
    anchor = page.evaluate("location.hash.slice(1)")
    assert page.evaluate("document.getElementById(location.hash.slice(1)) !== null"), anchor
    page.go_back()
    link = page.locator(".section-pairs tbody tr").first.get_by_role("link", name="Compare")
    link.click()
    page.wait_for_url("**/compare/index.html**")
    expect(page.locator(".compare-measures")).to_contain_text("Features of parts in both")


def test_the_first_page_and_circuits_lead_to_the_map(visit):
    page = visit().open("index.html")
    page.get_by_role("link", name="the circuit map").click()
    page.wait_for_url("**/map/index.html")
    page.goto(page.url.replace("map/", "circuits/microworld-states-and-capitals/"))
    page.get_by_role("link", name="Which other circuits use its features").click()
    page.wait_for_url("**/map/index.html")
