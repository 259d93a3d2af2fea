"""A site that is published below another address: every script finds what it needs there."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from playwright.sync_api import expect

from atlas.entries.library import Library
from site_builder.build import BuildSettings, build
from site_builder.serve import make_server
from tests.browser.serving import serving
from tests.browser.test_lists import downloaded
from tests.browser.test_search import option, type_into_box
from tests.site_builder.built_site import built_site
from tests.site_builder.example_dashboards import write_dashboards
from tests.site_builder.example_library import write_library

pytestmark = pytest.mark.browser

BELOW = "/some/where"
LARGE = 300  # entries
CIRCUIT = "microworld-states-and-capitals"
FEATURE = "microworld/transcoders/4-17"


@pytest.fixture(scope="module", params=["small", pytest.param("large", marks=pytest.mark.slow)])
def folder(request, tmp_path_factory):
    """The example site, or that of a generated library of three hundred entries."""
    if request.param == "small":
        return built_site().folder
    made = tmp_path_factory.mktemp("large")
    library = Library.open(write_library(made / "library", LARGE))
    dashboards = write_dashboards(made / "dashboards")
    return build(library, BuildSettings(made / "site", made / "work", dashboards=dashboards)).folder


@pytest.fixture(scope="module")
def address(folder):
    """The site below another address; nothing else is there."""
    server = make_server(folder, 0)
    plain = server.RequestHandlerClass

    def answer(request, with_body):
        if not request.path.startswith(f"{BELOW}/"):
            request.send_error(HTTPStatus.NOT_FOUND)
            return
        request.path = request.path.removeprefix(BELOW)
        plain.answer(request, with_body)

    server.RequestHandlerClass = type("Below", (plain,), {"answer": answer})
    with serving(server) as here:
        yield f"{here}{BELOW}"


@pytest.fixture(autouse=True)
def patience():
    """The search library compiles its own program: seconds on a machine with other work."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


def test_search_finds_all_three_kinds_and_leads_there(visit):
    made = visit()
    page = made.open("guide/index.html")
    type_into_box(page, "capital")
    expect(option(page, "Entries", "From a city").first).to_be_visible()
    expect(option(page, "Text of pages").first).to_be_visible()
    page.locator("#site-search").fill("word7")
    expect(option(page, "All features").first).to_contain_text("word7")
    option(page, "All features").first.click()
    page.wait_for_url(f"{made.base}/features/**")
    made.open("search.html?q=capital")
    page.get_by_role("link", name="From a city").first.click()
    page.wait_for_url(f"{made.base}/circuits/**")
    expect(page.locator(".page-entry h1")).to_contain_text("From a city")


def test_lists_are_kept_shared_exported_and_imported(visit, tmp_path):
    made = visit()
    for path in (f"circuits/{CIRCUIT}/index.html", f"features/index.html?id={FEATURE}"):
        page = made.open(path)
        page.locator(".star summary").click()
        page.get_by_label("Saved").check()
    page.get_by_role("link", name="All your lists").click()
    page.wait_for_url(f"{made.base}/lists/index.html")
    expect(page.locator(".list-items tr")).to_have_count(2)
    whole = downloaded(page, page.get_by_role("button", name="Export all (JSON)").click)
    records = downloaded(page, page.get_by_role("button", name="BibTeX").click)
    assert records.count("@misc{atlas-") == 1  # the feature has no entry
    (tmp_path / "all.json").write_text(whole, encoding="utf-8")
    page.locator("input[type=file]").set_input_files(tmp_path / "all.json")
    expect(page.locator(".list-block h2")).to_have_text(["Saved", "Saved 2"])
    page.get_by_role("button", name="Share").first.click()
    shared = page.locator(".lists-address").input_value()
    assert shared.startswith(f"{made.base}/lists/index.html#share=")
    other = visit().page
    other.goto(shared)
    other.get_by_role("link", name="From a city").click()
    other.wait_for_url(f"{made.base}/circuits/{CIRCUIT}/index.html")


def test_the_map_leads_to_comparisons_of_circuits_and_features(visit):
    made = visit()
    page = made.open("index.html")
    page.get_by_role("link", name="the circuit map").click()
    page.wait_for_url(f"{made.base}/map/**")
    page.go_back()
    made.open(f"compare/index.html?left={CIRCUIT}&right=microworld-changing-languages")
    expect(page.locator(".compare-measures")).to_contain_text("Features of parts in both")
    made.open("compare/index.html?left=microworld/transcoders/4-1&right=microworld/transcoders/4-2")
    expect(page.locator(".compare-measures")).to_contain_text("Overlap")
    assert page.locator(".histogram").count() == 2


def test_the_explorer_opens_an_entry_puts_another_beside_it_and_leads_back(visit):
    made = visit()
    page = made.open(f"circuits/{CIRCUIT}/index.html")
    page.get_by_role("link", name="Explore the whole graph").click()
    expect(page.locator(".explorer[data-ready]")).to_be_attached()
    assert page.url.startswith(f"{made.base}/graph/index.html?entry=")
    page.get_by_role("tab", name="Compare").click()
    page.get_by_label("Entry to compare with").select_option("long")
    expect(page.locator(".compare-figures")).to_contain_text("in both")
    page.get_by_role("link", name="The entry").click()
    page.wait_for_url(f"{made.base}/circuits/{CIRCUIT}/index.html")
