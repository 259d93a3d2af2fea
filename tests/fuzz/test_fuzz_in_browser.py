"""No file or address that somebody else made breaks a page: as `test_fuzz`, in a real browser."""

import pytest
from playwright.sync_api import expect, sync_playwright

from site_builder.serve import make_server
from tests.browser.find_browser import INSTRUCTION, find_browser
from tests.browser.serving import serving
from tests.fuzz.page_readers import page_readers
from tests.fuzz.try_inputs import try_inputs
from tests.graphs.hand_graphs import small_graph
from tests.site_builder.built_site import built_site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(24 * 3600)]
NAMES = (
    "the explorer's address", "the explorer's file (.npz)", "the explorer's file (of the site)",
    "the explorer's file (Neuronpedia JSON)", "the explorer's file (own JSON)",
    "an address with a list", "a file of lists (JSON)", "a file of lists (CSV)",
)  # fmt: skip


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    small_graph().save(folder / "small.npz")
    path = find_browser()
    assert path is not None, INSTRUCTION
    with serving(make_server(built_site().folder, 0)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{address}/graph/index.html")
        page.get_by_label("A graph file of your own").set_input_files(folder / "small.npz")
        expect(page.locator(".explorer[data-ready]")).to_be_attached()
        yield page_readers(page, small_graph(), folder)
        browser.close()


def test_all_readers_are_tried(known):
    assert tuple(known) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_what_is_sound_is_read(known, name):
    assert known[name].read(known[name].good)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_is_said_in_one_line(known, name):
    try_inputs(name, known[name])
