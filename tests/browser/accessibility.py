"""axe-core in the page: what it finds against WCAG 2.2, levels A and AA."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
RUN = "levels => axe.run({ runOnly: levels, resultTypes: ['violations'] })"


def violations(page: Page) -> list[str]:
    """Each violation as its rule and the elements that break it."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(RUN, LEVELS)
    return [
        f"{each['id']}: {node['target']} {' '.join(node['failureSummary'].split())[:300]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
