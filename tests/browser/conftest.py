"""Opens pages of the example site in a real browser and watches what it complains about."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, sync_playwright

from site_builder.serve import make_server
from tests.browser.byte_log import length_by_address
from tests.browser.find_browser import INSTRUCTION, find_browser
from tests.browser.serving import serving
from tests.site_builder.built_site import built_site

QUIET, STEP = 150, 50  # milliseconds without a request, looked at so often


@dataclass
class Visit:
    """A page with everything that the browser complained about or asked for."""

    page: Page
    base: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    received: dict[str, int] = field(default_factory=dict)
    running: set[Request] = field(default_factory=set)

    def open(self, path: str) -> Page:
        """The page after its requests; its own `networkidle` waits half a second for each."""
        self.page.goto(f"{self.base}/{path}")
        quiet = 0
        while quiet < QUIET:
            self.page.wait_for_timeout(STEP)
            quiet = 0 if self.running else quiet + STEP
        return self.page

    def foreign(self) -> list[str]:
        host = urlsplit(self.base).netloc
        return [a for a in self.asked if urlsplit(a).netloc != host and not a.startswith("data:")]


# One server and one browser for all of these files; the next folder's tests get an idle event loop.
@pytest.fixture(scope="package")
def address():
    """The example site on this machine, under a port of its own."""
    with serving(make_server(built_site().folder, 0)) as here:
        yield here


@pytest.fixture(scope="package")
def browser():
    path = find_browser()
    assert path is not None, INSTRUCTION
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def visit(browser, address):
    """Opens pages; fails the test if the browser complained or anything left the site."""
    contexts = []

    def start(width: int = 1440, scheme: str = "light", **more) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **more
        )
        contexts.append(context)
        page = context.new_page()
        made = Visit(page, address)
        page.on("console", lambda m: made.said.append(m.text) if m.type != "log" else None)
        page.on("pageerror", lambda error: made.said.append(str(error)))
        page.on("request", lambda request: made.asked.append(request.url))
        page.on("request", lambda request: made.running.add(request))
        page.on("requestfinished", lambda request: made.running.discard(request))
        page.on("requestfailed", lambda request: made.running.discard(request))
        page.on("response", lambda answer: made.received.update(length_by_address(answer)))
        visits.append(made)
        return made

    visits: list[Visit] = []
    yield start
    for made in visits:
        assert made.said == []
        assert made.foreign() == []
    for context in contexts:
        context.close()
