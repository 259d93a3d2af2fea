"""The built site in a real browser: nothing breaks, nothing leaves, everything can be reached."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.complaints import complaints
from tests.browser.page_kinds import CIRCUIT, FEATURE, KINDS_OF_PAGE, STRANGE_PAGES
from tests.site_builder.built_site import built_site

pytestmark = pytest.mark.browser

LARGEST_VISIT = 100_000  # bytes over the wire before the reader does anything


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_no_strange_entry_makes_the_browser_complain_or_scroll_sideways(visit, scheme, width):
    made = visit(scheme=scheme, width=width)
    assert [wrong for path in STRANGE_PAGES for wrong in complaints(made, path)] == []


def test_a_visit_stays_within_its_budget_and_loads_no_search(visit):
    for path in (CIRCUIT, FEATURE, "models/microworld/index.html", "circuits/index.html"):
        made = visit()  # with an empty cache
        made.open(path)
        searching = ("pagefind", "feature_index", "find.json", "search/box")
        assert not [each for each in made.asked for name in searching if name in each], path
        assert 0 < sum(made.received.values()) < LARGEST_VISIT, path


def test_pointing_at_a_node_shows_its_inputs_and_outputs(visit):
    page = visit().open(CIRCUIT)
    panel = page.locator(".graph-panel")
    expect(panel).to_contain_text("Austin")  # the answer, before anything is picked
    page.locator(".graph-nodes .node-part", has_text="B").first.hover()
    expect(panel).to_contain_text("the state that contains it")
    expect(panel).to_contain_text("Strongest inputs")
    expect(panel.locator(".panel-row").first).to_contain_text("%")
    assert page.locator(".graph-live path").count() > 2


def test_a_click_keeps_a_node_and_escape_lets_it_go(visit):
    page = visit().open(CIRCUIT)
    view = page.locator(".graph-view")
    page.locator(".graph-nodes .node-part", has_text="D").first.click()
    page.mouse.move(5, 5)
    expect(view).to_have_class(re.compile("graph-picked"))
    expect(page.locator(".graph-panel")).to_contain_text("say the state’s capital")
    page.keyboard.press("Escape")
    expect(view).not_to_have_class(re.compile("graph-picked"))


def test_an_address_with_a_section_ends_there_though_the_graph_above_grows(visit):
    page = visit().open(f"{CIRCUIT}#interventions")
    expect(page.locator(".panel-row").first).to_be_attached()
    page.wait_for_timeout(1000)  # a smooth scroll to where the section was before is over
    heading = page.locator("#interventions")
    assert abs(heading.evaluate("element => element.getBoundingClientRect().top")) < 150


def test_a_row_of_the_panel_leads_to_the_other_node(visit):
    page = visit().open(CIRCUIT)
    page.locator(".panel-row", has_text="D").first.click()
    expect(page.locator(".panel-head")).to_contain_text("say the state’s capital")


def test_the_graph_is_one_tab_stop_and_arrows_move_in_it(visit):
    page = visit().open(CIRCUIT)
    nodes = page.locator(".graph-nodes [tabindex='0']")
    assert nodes.count() == 1
    nodes.focus()
    seen = set()
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
        seen.add(page.evaluate("document.activeElement.dataset.n"))
        assert page.locator(".graph-nodes [tabindex='0']").count() == 1
    assert len(seen) > 2
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    assert page.evaluate("document.activeElement.getAttribute('aria-label')")


def test_a_tap_selects_on_a_touch_screen(visit):
    page = visit(width=390, has_touch=True, is_mobile=True).open(CIRCUIT)
    page.locator(".graph-nodes .node-part", has_text="D").first.tap()
    expect(page.locator(".panel-head")).to_contain_text("say the state’s capital")


def test_switches_hide_letters_and_edges(visit):
    page = visit().open(CIRCUIT)
    for name, hidden in (("Parts", ".node-part text"), ("All edges", ".graph-edges path")):
        assert page.locator(hidden).first.is_visible()
        page.get_by_label(name, exact=True).uncheck()
        assert not page.locator(hidden).first.is_visible()


def test_light_and_dark_follow_the_system_and_the_button(visit):
    made = visit(scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = made.open(CIRCUIT).evaluate(background)
    made.page.locator("button.appearance").click()
    light = made.page.evaluate(background)
    assert dark != light == "rgb(255, 255, 255)"
    assert made.open(FEATURE).evaluate(background) == light  # the choice is kept


def test_filters_count_combine_and_keep_the_address(visit):
    page = visit().open("circuits/index.html")
    rows = page.locator("table.entries tbody tr")
    everything = rows.count()
    page.get_by_label("not supported").check()
    expect(rows).to_have_count(1)
    assert "verdict=not_supported" in page.url
    expect(rows.first).to_contain_text("plausible story")
    page.get_by_text("Clear all").click()
    expect(rows).to_have_count(everything)
    page.locator(".filter-text").fill("induction")
    expect(rows).to_have_count(1)
    rows.first.locator("a").first.click()
    expect(page.locator("h1")).to_contain_text("Induction")


def test_a_filtered_list_can_be_linked(visit):
    page = visit().open("circuits/index.html?domain=safety")
    expect(page.locator("table.entries tbody tr")).to_have_count(1)
    expect(page.get_by_label("Safety")).to_be_checked()


def test_a_long_filtered_list_is_paged(visit):
    made = visit()
    rows = [
        {"id": f"c-{at}", "title": f"Circuit {at}", "summary": "s", "page": CIRCUIT,
         "domain": "safety", "verdict": "supported", "model": "microworld", "behaviour": "b"}
        for at in range(450)
    ]  # fmt: skip
    catalog = {"names": {}, "circuits": rows, "features": []}
    made.page.route("**/catalog.json", lambda route: route.fulfill(json=catalog))
    page = made.open("circuits/index.html?domain=safety&page=2")
    shown = page.locator("table.entries tbody tr")
    expect(shown).to_have_count(200)
    expect(shown.first).to_contain_text("Circuit 200")
    page.get_by_role("navigation", name="Pages").get_by_text("3").click()
    expect(shown).to_have_count(50)
    assert "page=3" in page.url
    page.locator(".filter-text").fill("44")
    expect(shown).to_have_count(14)
    assert "page" not in page.url


def test_a_nightly_run_that_died_cannot_look_green(visit):
    seen = visit()
    page = seen.open("status/index.html")  # where the site was built its date is all that is said
    expect(page.get_by_text("As of 2026-01-09")).to_be_visible()
    expect(page.get_by_text("so everything below is stale")).to_have_count(0)
    expect(page.locator("table.status .state-drifted")).to_have_count(1)
    page = seen.open("status/index.html?published")
    expect(page.get_by_text("so everything below is stale")).to_be_visible()
    expect(page.locator("table.status .state:not(.state-stale)")).to_have_count(0)


def test_without_scripts_pages_read_in_full(visit):
    page = visit(java_script_enabled=False).open(CIRCUIT)
    assert page.locator(".graph-nodes [data-n]").count() > 10
    assert page.locator(".effect-chart > svg").count() == 4
    list_page = visit(java_script_enabled=False).open("circuits/index.html")
    list_page.locator(".facet a", has_text="Safety").click()
    expect(list_page.locator("h1")).to_contain_text("Safety")


def test_every_kind_of_page_reads_without_scripts(visit):
    made = visit(java_script_enabled=False)
    for path in (*KINDS_OF_PAGE, *STRANGE_PAGES):
        page = made.open(path)
        assert page.locator("h1").first.is_visible(), path
        assert len(page.locator("#content").inner_text()) > 100, path
        for note in page.locator(".needs-server").all():  # what does need scripts says so
            assert "atlas site serve" in note.inner_text(), path
    for path in (
        "search.html",
        "graph/index.html",
        "features/index.html?id=microworld/transcoders/2-5",
    ):
        assert made.open(path).locator(".needs-server").first.is_visible(), path


def test_a_renamed_entry_sends_the_reader_on(visit):
    page = visit().open("circuits/an-old-name/index.html")
    page.wait_for_url(f"**/{CIRCUIT}")


def test_a_page_opened_as_a_file_reads_and_says_what_is_missing(browser):
    page = browser.new_page()
    page.goto((built_site().folder / CIRCUIT).as_uri())
    expect(page.locator("h1")).to_contain_text("From a city")
    expect(page.locator(".graph-figure .needs-server")).to_be_visible()
    page.locator(".breadcrumb a").first.click()
    expect(page.locator("h1")).to_have_text("Circuits")
    page.close()
