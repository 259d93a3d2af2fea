"""The page that puts two features, or two circuits, side by side."""

from __future__ import annotations

from site_builder.address import COMPARE, SEARCH, relative
from site_builder.dashboards import INDEX
from site_builder.html import Html, join, tag
from site_builder.page import Page
from site_builder.records import SiteRecords

WORDS = "Two features or two circuits side by side, with what they have in common."


def compare_page(site: SiteRecords) -> Page:
    """Two boxes for ids, and the place that the browser fills."""
    view = {
        "class": "compare-view",
        "data-dashboards": relative(COMPARE, INDEX) if site.dashboards else None,
        "data-catalog": relative(COMPARE, "catalog.json"),
        "data-root": relative(COMPARE, SEARCH).removesuffix(SEARCH) or ".",
    }
    needs = tag(
        "p",
        {"class": "needs-server"},
        "Comparing needs scripts and a server: run ",
        tag("code", {}, "atlas site serve"),
        ".",
    )
    words = (
        WORDS,
        " A circuit’s id is the last part of its address, a feature’s is ",
        tag("span", {"class": "mono"}, "model/dictionary/layer-index"),
        ".",
    )
    head = [
        tag("h1", {}, "Compare"),
        tag("p", {"class": "lead"}, *words),
        needs,
        form(),
        tag("div", view),
    ]
    return Page(
        path=COMPARE,
        title="Compare",
        head=join(head),
        layout="list",
        description=WORDS,
        script="compare/page.js",
    )


def form() -> Html:
    """Left, right, swap, compare; the address that it leads to works from anywhere."""
    boxes = []
    for name, title in (("left", "Left"), ("right", "Right")):
        box = {
            "name": name,
            "list": "compare-ids",
            "spellcheck": "false",
            "autocomplete": "off",
            "dir": "auto",
        }
        boxes.append(tag("label", {}, tag("span", {}, title), tag("input", box)))
    swap = {"type": "button", "class": "button compare-swap", "hidden": True}
    return tag(
        "form",
        {"class": "compare-form", "method": "get", "action": "index.html"},
        boxes[0],
        tag("button", swap, "Swap"),
        boxes[1],
        tag("button", {"class": "button button-strong"}, "Compare"),
        tag("datalist", {"id": "compare-ids"}),
    )
