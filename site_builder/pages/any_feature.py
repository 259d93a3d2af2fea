"""The place where the dashboard of any feature is drawn, on the page that lists features."""

from __future__ import annotations

from site_builder.address import list_page, relative
from site_builder.dashboards import INDEX
from site_builder.html import Html, join, tag
from site_builder.numbers import count, whole
from site_builder.records import SiteRecords

COMMAND = "atlas dashboard --layout site"


def feature_view(site: SiteRecords) -> Html:
    """A box for the id of any feature, and where its dashboard is drawn."""
    if not site.dashboards:
        words = "This site was built without dashboards of all other features: "
        return tag(
            "p", {"class": "section-note"}, words, tag("code", {}, COMMAND), " computes them."
        )
    view = {
        "class": "feature-view",
        "data-dashboards": relative(list_page("features"), INDEX),
        "aria-busy": "true",
        "hidden": True,
    }
    return join([jump_form(site), tag("div", view)])


def jump_form(site: SiteRecords) -> Html:
    """Opens a feature by its id; the address that it leads to works from anywhere."""
    many = sum(sum(each.layers.values()) for each in site.dashboards.values())
    entries = {
        name: sum(full.startswith(f"{name}/") for full in site.features) for name in site.dashboards
    }
    best = max(entries, key=lambda name: entries[name])
    example = f"{best}/{next(iter(site.dashboards[best].layers))}-0"
    box = {"name": "id", "value": example, "spellcheck": "false", "autocomplete": "off"}
    words = count(len(site.dashboards), "dictionary", "dictionaries")
    return tag(
        "form",
        {"class": "feature-jump", "method": "get", "action": "index.html"},
        tag(
            "label",
            {},
            f"Open any of the {whole(many)} features of {words}: ",
            tag("input", box),
        ),
        tag("button", {"class": "button"}, "Open"),
        tag(
            "span",
            {"class": "needs-server"},
            "This needs scripts and a server: run ",
            tag("code", {}, "atlas site serve"),
            ".",
        ),
    )
