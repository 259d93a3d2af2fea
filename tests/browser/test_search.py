"""One box for entries, all features and the text of pages, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.byte_log import length_by_address

pytestmark = pytest.mark.browser

SLOWEST = 3000  # milliseconds: ten times what an idle machine must keep
FIRST_SEARCH = 250_000  # bytes of Pagefind's files


@pytest.fixture(autouse=True)
def patience():
    """The search library compiles its own program: seconds on a machine with other work."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


def type_into_box(page, words: str) -> None:
    page.locator("#site-search").focus()
    expect(page.locator("#site-search")).to_have_role("combobox")
    page.keyboard.type(words)


def option(page, group: str, text: str | None = None):
    frame = page.get_by_role("group", name=group)
    return frame.get_by_role("option") if text is None else frame.get_by_role("option", name=text)


def test_one_box_finds_entries_features_and_pages(visit):
    made = visit()
    page = made.open("guide/index.html")
    page.on("response", lambda answer: made.received.update(length_by_address(answer)))
    assert not any("pagefind" in each or "search/box" in each for each in made.asked)
    page.keyboard.press("/")
    expect(page.locator("#site-search")).to_have_role("combobox")
    page.wait_for_load_state("networkidle")  # the reader looks up, the three are loaded
    page.keyboard.type("capital")
    expect(option(page, "Entries", "From a city").first).to_be_visible()
    expect(option(page, "Text of pages").first).to_be_visible()
    page.locator("#site-search").fill("word7")
    expect(option(page, "All features").first).to_contain_text("word7")
    marked = option(page, "All features").first.locator("mark")
    assert set(marked.all_text_contents()) == {"word7"}
    measures = "performance.getEntriesByType('measure').map((each) => [each.name, each.duration])"
    fastest: dict[str, float] = {}
    for name, took in page.evaluate(measures):
        fastest[name] = min(took, fastest.get(name, took))
    assert set(fastest) == {"search:entries", "search:features", "search:pages"}
    assert max(fastest.values()) < SLOWEST, fastest
    searched = [size for each, size in made.received.items() if "pagefind/" in each]
    assert sum(searched) < FIRST_SEARCH


def test_arrows_choose_enter_follows_and_escape_closes(visit):
    page = visit().open("index.html")
    box = page.locator("#site-search")
    type_into_box(page, "capitals")
    expect(option(page, "Text of pages").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    chosen = page.locator("[role=option][aria-selected=true]")
    expect(chosen).to_have_count(1)
    assert box.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    assert box.get_attribute("aria-expanded") == "true"
    expect(box).to_be_focused()  # the focus stays in the box
    page.keyboard.press("ArrowUp")
    expect(chosen).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator(".search-drop")).to_be_hidden()
    assert box.get_attribute("aria-expanded") == "false"
    page.keyboard.press("ArrowDown")
    expect(page.locator(".search-drop")).to_be_visible()
    page.keyboard.press("ArrowDown")
    target = chosen.get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(target)


def test_enter_without_a_choice_shows_all_results(visit):
    page = visit().open("index.html")
    type_into_box(page, "word7")
    expect(option(page, "All features").first).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=word7")
    expect(page.locator(".search-results .search-result").first).to_be_visible()


def test_a_misspelt_word_is_corrected_and_an_unknown_one_said_to_be_nowhere(visit):
    page = visit().open("index.html")
    type_into_box(page, "captial")
    expect(page.locator(".search-drop [role=status]")).to_contain_text("capital")
    expect(option(page, "Entries").first).to_be_visible()
    status = page.locator(".search-drop [role=status]")
    for nowhere in ("zzzz-nothing", "capybara"):
        page.locator("#site-search").fill(nowhere)
        expect(status).to_contain_text(f"Nothing found for “{nowhere}”")


def test_an_answer_that_comes_while_the_mouse_is_down_does_not_lose_the_click(visit):
    made = visit()
    page = made.open("index.html")
    type_into_box(page, "capital")
    expect(option(page, "Text of pages").first).to_be_visible()
    chosen = option(page, "Entries").first
    target = chosen.get_attribute("href")
    chosen.hover()
    page.mouse.down()
    page.evaluate("document.querySelector('#site-search').dispatchEvent(new Event('input'))")
    page.wait_for_timeout(500)  # the second question is answered
    page.mouse.up()
    page.wait_for_url(target)


def test_hostile_text_is_found_and_stays_text(visit):
    made = visit()
    page = made.open("index.html")
    type_into_box(page, "onerror")
    expect(option(page, "Entries").first).to_contain_text("<img src=x onerror=")
    page.locator("#site-search").fill("<bos>")
    expect(option(page, "All features").first).to_contain_text("<bos>")
    assert page.locator(".search-drop img, .search-drop b, .search-drop script").count() == 0
    assert page.evaluate("window.hacked") is None


def test_the_search_page_counts_by_kind_filters_features_and_keeps_its_address(visit):
    page = visit().open("search.html?q=word7")
    status = page.locator(".search-status")
    expect(status).to_contain_text(re.compile(r"^[1-9]\d* results?\.$"))
    kinds = page.get_by_role("group", name="Kinds of results")
    features = kinds.get_by_role("button", name="All features")
    total = int(features.locator(".facet-count").text_content())
    features.click()
    expect(features).to_have_attribute("aria-pressed", "true")
    assert "kind=features" in page.url
    expect(status).to_contain_text(f"{total} results")
    layers = page.get_by_label("layer")
    counts = [int(each) for each in re.findall(r"\((\d+)\)", layers.text_content())]
    assert len(counts) == 2
    assert sum(counts) == total
    layers.select_option("4")
    expect(status).to_contain_text(f"{counts[1]} results")
    assert "layer=4" in page.url
    hits = page.locator(".search-results .search-result .search-kind")
    assert all(each.startswith("4-") for each in hits.all_text_contents())
    before = hits.count()
    page.get_by_role("button", name="Show more").click()
    expect(hits).not_to_have_count(before)
    page.locator("#search-words").fill("zzzz-nothing")
    expect(status).to_have_text("0 results; try fewer or other words.")
    page.locator("#search-words").fill("4-17")
    expect(page.locator(".search-results a[href$='microworld/transcoders/4-17']")).to_be_visible()


def test_models_and_resources_are_found(visit):
    page = visit().open("search.html?q=microworld&kind=Model")
    expect(page.locator(".search-results .search-result")).to_have_count(1)
    page.goto(page.url.replace("microworld&kind=Model", "neuronpedia&kind=Resource"))
    page.locator(".search-results .search-result").first.click()
    expect(page.locator("#resource-neuronpedia")).to_be_visible()
    assert page.url.endswith("#resource-neuronpedia")
