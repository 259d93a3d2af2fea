"""No page breaks a rule of WCAG 2.2 (A, AA) that axe-core knows, in both schemes and widths."""

from __future__ import annotations

import pytest

from tests.browser.accessibility import violations
from tests.browser.complaints import complaints
from tests.browser.page_kinds import KINDS_OF_PAGE

pytestmark = pytest.mark.browser

# Each scheme and each width once; the other pairs with the slow tests.
PAIRS = [
    ("light", 390), ("dark", 1440),
    pytest.param("light", 1440, marks=pytest.mark.slow),
    pytest.param("dark", 390, marks=pytest.mark.slow),
]  # fmt: skip


@pytest.mark.parametrize(("scheme", "width"), PAIRS)
def test_no_kind_of_page_breaks_a_rule_or_complains(visit, scheme, width):
    made = visit(width=width, scheme=scheme, reduced_motion="reduce")
    wrong = []
    for path in KINDS_OF_PAGE:
        wrong += complaints(made, path)
        wrong += [f"{path}: {found}" for found in violations(made.page)]
    assert not wrong, "\n".join(wrong)


def test_axe_sees_a_rule_that_is_broken(visit):
    made = visit()
    page = made.open("404.html")
    page.evaluate("document.querySelector('html').removeAttribute('lang')")
    page.evaluate("document.querySelector('h1').before(document.createElement('img'))")
    assert {found.split(":")[0] for found in violations(page)} == {"html-has-lang", "image-alt"}


def test_no_tab_of_the_explorer_and_no_open_search_breaks_a_rule(visit):
    page = visit(reduced_motion="reduce").open(
        "graph/index.html?entry=microworld-states-and-capitals"
    )
    tabs = page.get_by_role("tab").all()
    assert len(tabs) > 3
    for tab in tabs:
        tab.click()
        assert violations(page) == [], tab.inner_text()
    page.locator("#site-search").fill("capital")
    page.set_viewport_size({"width": 1440, "height": 300})
    page.wait_for_function(
        "(list) => list.scrollHeight > list.clientHeight",
        arg=page.locator(".search-list").element_handle(),
    )
    assert violations(page) == []
