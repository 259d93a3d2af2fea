"""Two features and two circuits side by side, in a real browser, against plain counting."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.dashboards.planted_table import POSITIONS, SEQUENCES, SILENT, planted_table
from tests.site_builder.built_site import built_site
from tests.site_builder.example_dashboards import FEATURES, TOKENS

pytestmark = pytest.mark.browser

NAME = "microworld/transcoders"
LEFT, RIGHT = "microworld-states-and-capitals", "microworld-changing-languages"
TABLE = planted_table(4, FEATURES, TOKENS)[0]


def at(left: str, right: str) -> str:
    return f"compare/index.html?left={left}&right={right}"


def dense(number: int) -> np.ndarray:
    return TABLE.activity.activity(number).dense((SEQUENCES, POSITIONS))


def value(page, name: str) -> str:
    row = page.locator(".compare-measures tbody tr", has_text=name)
    return row.locator("td.number").text_content().replace("\N{MINUS SIGN}", "-")


def test_figures_of_two_features_are_those_of_plain_counting(visit):
    page = visit().open(at(f"{NAME}/4-1", f"{NAME}/4-290"))  # in two files
    one, other = dense(1), dense(290)
    both, either = ((one > 0) & (other > 0)).sum(), ((one > 0) | (other > 0)).sum()
    assert value(page, "both are active") == str(both)
    overlap = float(value(page, "Overlap").removesuffix(" %"))
    assert overlap == pytest.approx(100 * both / either, abs=0.051)
    counted = np.arange(POSITIONS) > 0
    expected = np.corrcoef(one[:, counted].ravel(), other[:, counted].ravel())[0, 1]
    assert float(value(page, "Correlation")) == pytest.approx(expected, abs=0.003)
    vectors = TABLE.decoder[[1, 290]].astype(float)
    cosine = vectors[0] @ vectors[1] / np.prod(np.linalg.norm(vectors, axis=1))
    assert float(value(page, "Cosine")) == pytest.approx(cosine, abs=0.0006)
    expect(page.locator(".compare-measures")).to_contain_text("Exact: every token")
    titles = page.locator(".compare-title").all_text_contents()
    assert titles == ["Feature 4-1", "Feature 4-290"]
    assert page.locator(".automatic-line").count() == 2
    assert page.locator(".histogram").count() == 2


def test_a_twin_is_found_out_and_swapping_and_going_back_work(visit):
    page = visit(width=390).open(at(f"{NAME}/4-1", f"{NAME}/4-2"))  # 4-2 is twice 4-1
    assert value(page, "Overlap") == "100.0 %"
    assert value(page, "Correlation") == "1.000"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_label("Right").focus()
    page.keyboard.press("Shift+Tab")  # from the right box back to the button between the boxes
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"left={NAME}/4-2&right={NAME}/4-1$"))
    expect(page.locator(".compare-title").first).to_have_text("Feature 4-2")
    page.go_back()
    expect(page.locator(".compare-title").first).to_have_text("Feature 4-1")


def test_a_silent_feature_has_no_correlation(visit):
    page = visit().open(at(f"{NAME}/4-{SILENT}", f"{NAME}/2-1"))
    assert value(page, "Correlation") == "–"
    expect(page.locator(".compare-measures")).to_contain_text("One of them is never active")


def test_what_two_circuits_share_is_listed_with_their_claims(visit):
    folder = built_site().folder / "circuits"
    data = [json.loads((folder / each / "compare.json").read_text()) for each in (LEFT, RIGHT)]
    page = visit(width=390, scheme="dark").open(at(LEFT, RIGHT))
    members = [{f for part in each["parts"] for f in part["features"]} for each in data]
    assert value(page, "Features of parts in both") == str(len(members[0] & members[1]))
    sides = page.locator(".section-claims .compare-side")
    for side, each in zip(sides.all(), data, strict=True):
        shown = side.locator("li > a").all_text_contents()
        assert shown == [claim["statement"] for claim in each["claims"]]
    sides.first.locator("a").first.click()
    page.wait_for_url(re.compile(rf"circuits/{LEFT}/index\.html#claim-"))


def test_a_circuit_beside_itself_shares_everything(visit):
    page = visit().open(at(LEFT, LEFT))
    assert value(page, "Cosine of influence") == "1.000"
    edges = json.loads((built_site().folder / "circuits" / LEFT / "compare.json").read_text())
    assert value(page, "Edges in both graphs") == str(len(edges["edges"])) != "0"


@pytest.mark.parametrize(
    ("left", "right", "answer"),
    [
        (f"{NAME}/4-1", LEFT, "One is a feature and the other a circuit"),
        ("no-such-circuit", LEFT, "There is no circuit “no-such-circuit”"),
        ("<img src=x onerror=window.hacked=1>", LEFT, "small letters, digits and hyphens"),
        (f"{NAME}/9-1", f"{NAME}/4-1", "has the layers 2, 4, not 9"),
        ("../../x", f"{NAME}/4-1", "An id looks like"),
    ],
)
def test_what_cannot_be_compared_is_said(visit, left, right, answer):
    made = visit()
    page = made.open("compare/index.html")
    page.get_by_label("Left").fill(left)
    page.get_by_label("Right").fill(right)
    page.keyboard.press("Enter")
    expect(page.locator(".compare-view")).to_contain_text(answer)
    assert page.evaluate("window.hacked") is None
    made.said[:] = [each for each in made.said if "404" not in each]  # the browser's own note


def test_ids_are_suggested_once_a_box_is_used(visit):
    made = visit()
    page = made.open("compare/index.html")
    assert not any("catalog.json" in address for address in made.asked)
    page.get_by_label("Left").focus()
    page.locator(f"#compare-ids option[value='{LEFT}']").wait_for(state="attached")
    page.locator(f"#compare-ids option[value='{NAME}/2-117']").wait_for(state="attached")


def test_neighbours_of_a_feature_lead_to_the_comparison(visit):
    page = visit().open(f"features/?id={NAME}/4-1")
    page.locator(".section-similar").get_by_role("link", name="Compare with 4-2").click()
    page.wait_for_url(re.compile(rf"compare/index\.html\?left={NAME}/4-1&right={NAME}/4-2$"))
    expect(page.locator(".compare-title").nth(1)).to_have_text("Feature 4-2")
