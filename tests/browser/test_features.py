"""The dashboard of any feature, drawn in a real browser from its shard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.dashboards.planted_table import SILENT, planted_table
from tests.site_builder.example_dashboards import FEATURES, SIZE, TOKENS
from tests.site_builder.example_library import ARABIC, HOSTILE

pytestmark = pytest.mark.browser

NAME = "microworld/transcoders"
OWN = f"{NAME}/2-117"  # has a page of its own
TABLE, CONTEXT = planted_table(4, FEATURES, TOKENS)
INDEX = SIZE + 17  # in the second shard


def at(short: str, more: str = "") -> str:
    return f"features/?id={NAME}/{short}{more}"


def numbers(cells) -> list[float]:
    return [float(each.replace("\N{MINUS SIGN}", "-")) for each in cells.all_text_contents()]


def test_every_figure_is_that_of_the_dashboard(visit):
    made = visit()
    page = made.open(at(f"4-{INDEX}"))
    expected = TABLE.dashboard(INDEX, CONTEXT)
    expect(page.locator(".feature-view h1")).to_have_text(f"Feature 4-{INDEX}")
    expect(page.locator(".section-activations")).to_contain_text(
        f"Active on {expected.density.active} of {expected.density.tokens} held-out tokens: "
        f"{100 * expected.density.share:.2f} %, 95 % interval {100 * expected.density.low:.2f} %"
    )
    top = page.locator(".section-top .example")
    assert top.count() == len(expected.top)
    for number, example in enumerate(expected.top):
        shown = f"{example.activations[example.peak]:.2f}"
        expect(top.nth(number).locator(".example-value")).to_have_text(shown)
    bands = page.locator(".feature-band")
    assert bands.count() == len(expected.bands) == 4
    expect(bands.first).to_contain_text(f"{expected.bands[-1].count} tokens")
    raised = page.locator(".token-lists table").first.locator("tbody tr td.number")
    assert numbers(raised) == pytest.approx([e.logit for e in expected.promoted], abs=0.0051)
    rows = page.locator(".section-similar tbody tr")
    cosines = [each.cosine for each in expected.similar]
    assert numbers(rows.locator("td.number")) == pytest.approx(cosines, abs=0.00051)
    together = page.locator(".section-together tbody tr")
    assert together.locator("th .mono").all_text_contents() == [
        f"4-{each.index}" for each in expected.together
    ]
    bars = page.locator(".histogram-bar")
    heights = [float(each.get_attribute("height")) for each in bars.all()]
    tallest = max(expected.histogram.counts)
    assert heights == pytest.approx(
        [90 * (count / tallest) ** 0.5 for count in expected.histogram.counts], abs=0.06
    )
    assert sum(address.endswith(".shard") for address in made.asked) == 1
    assert sum(made.received.values()) < 350_000


def test_hostile_tokens_are_shown_as_text(visit):
    made = visit(width=390)
    page = made.open(at("4-0"))
    shown = set()
    for index in range(40):
        page.evaluate(f"history.pushState(null, '', '?id={NAME}/4-{index}')")
        page.evaluate("dispatchEvent(new PopStateEvent('popstate'))")
        expect(page.locator(".feature-view h1")).to_have_text(f"Feature 4-{index}")
        text = page.locator(".feature-view").text_content()
        shown |= {each for each in (HOSTILE, ARABIC, "</script>", "<bos>") if each in text}
        if len(shown) == 4 and index > 5:
            break
    assert shown == {HOSTILE, ARABIC, "</script>", "<bos>"}
    assert page.evaluate("window.hacked") is None
    assert page.locator(".feature-view script, .feature-view b").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_automatic_labels_say_that_they_are_with_score_and_control(visit):
    page = visit(width=390).open(at(f"4-{INDEX}"))
    scored, own = TABLE.labels[INDEX]
    line = page.locator(".automatic-line")
    expect(line).to_have_text(f"automatic {scored.text} (F1 {scored.score:.2f}, control 0.25)")
    rows = page.locator(".label-table tbody tr")
    assert rows.locator("th").all_text_contents() == [scored.text, own.text]
    cells = rows.first.locator("td").all_text_contents()
    assert cells[1:] == [f"{scored.score:.2f}", "0.25", "1.25 (top 40 %)", "31 / 42", "0.75"]
    expect(rows.nth(1)).to_contain_text("mine:label")
    expect(rows.nth(1)).to_contain_text("not scored")
    neighbour = page.locator(".section-similar tbody th").first
    other = TABLE.labels[TABLE.dashboard(INDEX, CONTEXT).similar[0].index][0]
    expect(neighbour.locator(".automatic-words")).to_have_text(f"automatic {other.text}")
    page.get_by_role("link", name="How automatic labels are made").click()
    page.wait_for_url("**/guide/automatic-labels.html")


def test_a_label_of_a_person_stands_before_automatic_ones(visit):
    page = visit().open(at("2-117", "&full"))
    expect(page.locator(".section-label > p").first).to_contain_text("A city in Texas by")
    expect(page.locator(".label-table caption")).to_contain_text("automatic")
    assert page.locator(".automatic-line").count() == 0


def test_panels_of_graphs_mark_automatic_labels(visit):
    page = visit().open("circuits/microworld-states-and-capitals/index.html")
    page.locator(".graph-view .node").first.wait_for()
    data = page.evaluate("fetch('graph.json').then((answer) => answer.json())")
    known = [each for each in data["features"].values() if "automatic" in each]
    assert known and not any("label" in each for each in known)


def test_a_feature_with_a_page_of_its_own_leads_there_and_back(visit):
    page = visit().open(at("2-117"))
    page.wait_for_url(f"**/features/{OWN}/index.html")
    page.get_by_text("the features that fire with it").click()
    page.wait_for_url("**&full")
    expect(page.locator(".feature-view h1")).to_have_text("A city in Texas")
    page.locator(".section-label a", has_text="its own page").click()
    page.wait_for_url(f"**/features/{OWN}/index.html")


def test_circuits_and_claims_that_use_a_feature_are_linked(visit):
    page = visit().open(at("2-117", "&full"))
    uses = page.locator(".section-circuits")
    expect(uses).to_contain_text("From a city to its state")
    expect(uses.locator("li li").first).to_be_visible()  # a claim with its verdict
    uses.locator("li li a").first.click()
    page.wait_for_url(re.compile(r"circuits/[a-z0-9-]+/index\.html#claim-"))
    assert page.evaluate("document.getElementById(location.hash.slice(1)) !== null")


def test_features_of_parts_lead_to_their_dashboards(visit):
    page = visit().open("circuits/microworld-states-and-capitals/index.html")
    page.locator("a.chip", has_text="2-300").first.click()
    expect(page.locator(".feature-view h1")).to_have_text("Feature 2-300")


def test_buttons_keys_links_and_the_back_button_move_between_features(visit):
    page = visit().open(at(f"4-{SIZE - 1}"))
    title = page.locator(".feature-view h1")
    page.get_by_role("link", name="Next").click()
    expect(title).to_have_text(f"Feature 4-{SIZE}")  # in the next shard
    assert page.evaluate("document.activeElement.tagName") == "H1"
    page.keyboard.press("ArrowLeft")
    expect(title).to_have_text(f"Feature 4-{SIZE - 1}")
    page.locator(".section-similar a").first.click()
    expect(title).to_have_text(f"Feature 4-{SIZE}")
    page.go_back()
    expect(title).to_have_text(f"Feature 4-{SIZE - 1}")
    page.locator(".feature-view input").fill(f"{NAME}/4-5")
    page.keyboard.press("ArrowLeft")  # moves in the box, not between features
    page.keyboard.press("Enter")
    expect(title).to_have_text("Feature 4-5")
    page.keyboard.press("r")
    expect(title).not_to_have_text("Feature 4-5")


def test_the_ends_of_a_layer_have_no_button_past_them(visit):
    page = visit().open(at("4-0"))
    expect(page.locator(".button-off")).to_have_text("Previous ")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".feature-view h1")).to_have_text("Feature 4-0")


def test_a_silent_feature_says_so(visit):
    page = visit().open(at(f"4-{SILENT}"))
    expect(page.locator(".section-activations")).to_contain_text("Never active on the 760 tokens")
    expect(page.locator(".token-lists")).to_be_visible()
    expect(page.locator(".section-label")).to_contain_text("No automatic label: it is never active")
    assert page.locator(".example").count() == 0


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (f"{NAME}/4-{FEATURES}", f"has features 0 to {FEATURES - 1}, not {FEATURES}"),
        (f"{NAME}/3-1", "has the layers 2, 4, not 3"),
        ("gpt2/saes/3-1", f"no dashboards of gpt2/saes. There are of: {NAME}"),
        ("nonsense", f"An id looks like {NAME}/2-0"),
        ("<img src=x onerror=window.hacked=1>", "An id looks like"),
        ("__proto__/constructor/1-1", "An id looks like"),
        ("", "An id looks like"),
    ],
)
def test_an_unknown_id_is_answered_clearly(visit, asked, answer):
    page = visit().open("features/index.html")
    page.locator(".feature-jump input").fill(asked)
    page.locator(".feature-jump button").click()
    expect(page.locator(".feature-view h1")).to_have_text("No such feature")
    expect(page.locator(".feature-view .lead")).to_contain_text(answer)
    assert page.evaluate("window.hacked") is None
    page.get_by_role("button", name="Random").click()
    expect(page.locator(".feature-view h1")).not_to_have_text("No such feature")


def test_without_scripts_the_list_stays_and_says_what_is_missing(visit):
    page = visit(java_script_enabled=False).open(at("4-1"))
    expect(page.locator("table.entries")).to_be_visible()
    expect(page.locator(".feature-jump .needs-server")).to_be_visible()


def test_the_list_is_shown_where_no_feature_is_asked_for(visit):
    made = visit()
    page = made.open("features/index.html")
    expect(page.locator("table.entries")).to_be_visible()
    expect(page.locator(".feature-view")).to_be_hidden()
    assert not any(re.search(r"\.shard|index\.json", address) for address in made.asked)


def test_a_damaged_shard_is_said_to_be_one(browser, address):
    page = browser.new_page()
    page.route("**/*.shard", lambda route: route.fulfill(body=b"not a shard"))
    page.goto(f"{address}/{at('4-1')}")
    expect(page.locator(".feature-view h1")).to_have_text("The dashboard could not be read")
    page.unroute("**/*.shard")
    page.get_by_role("button", name="Random").click()
    expect(page.locator(".feature-view h1")).to_contain_text("Feature")
    page.close()
