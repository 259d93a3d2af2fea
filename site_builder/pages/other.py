"""The list of models, the search page, and stubs at the addresses of renamed entries."""

from __future__ import annotations

from site_builder.address import SEARCH, list_page, model_page, relative
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import count, whole
from site_builder.page import Page
from site_builder.pages.model import KINDS
from site_builder.records import SiteRecords
from site_builder.tables import table

COUNTED = ("Parameters", "Layers", "Dictionaries", "Circuits", "Features")


def models_list(site: SiteRecords) -> Page:
    """Every model with its size and its number of entries."""
    here = list_page("models")
    rows = []
    for model in site.models.values():
        circuits = sum(record.circuit.model == model.id for record in site.circuits.values())
        features = sum(record.feature.model == model.id for record in site.features.values())
        name = tag("a", {"href": relative(here, model_page(model.id)), "dir": "auto"}, model.name)
        numbers = (model.parameters, model.layers, len(model.dictionaries), circuits, features)
        cells = [
            tag("td", {"class": "number", "data-column": title}, whole(value))
            for title, value in zip(COUNTED, numbers, strict=True)
        ]
        head = tag("th", {"scope": "row"}, name)
        rows.append(tag("tr", {}, head, tag("td", {}, KINDS[model.kind]), *cells))
    titles = ("Model", "Kind", *COUNTED)
    words = (
        "Open-weight models with their dictionaries. The microworld is small, trained here, and "
        "comes with the true latents of its text, so that labels and parts can be scored against "
        "truth."
    )
    body = [
        tag("h1", {}, "Models"),
        tag("p", {"class": "lead"}, words),
        tag("p", {"class": "list-count"}, count(len(site.models), "model")),
        table(titles, rows, {2, 3, 4, 5, 6}, class_name="entries"),
    ]
    return Page(path=here, title="Models", head=join(body), layout="list")


def search_page() -> Page:
    """The page that shows all results of a search."""
    form = tag(
        "form",
        {"class": "search-page-form", "role": "search", "action": "search.html", "method": "get"},
        tag("label", {"class": "visually-hidden", "for": "search-words"}, "Words to search for"),
        tag(
            "input",
            {
                "id": "search-words",
                "type": "search",
                "name": "q",
                "placeholder": "Dallas, plural subject, refusal …",
                "autocomplete": "off",
                "spellcheck": "false",
            },
        ),
    )
    note = tag(
        "p",
        {"class": "needs-server"},
        "Search needs scripts and a server: run ",
        tag("code", {}, "atlas site serve"),
        ". Every entry is also in the ",
        tag("a", {"href": list_page("circuits")}, "list of circuits"),
        ".",
    )
    parts: list[Html] = [
        tag("h1", {}, "Search"),
        form,
        note,
        tag("div", {"class": "search-facets"}),
        tag("p", {"class": "search-status", "aria-live": "polite"}),
        tag("div", {"class": "search-results"}),
    ]
    return Page(
        path=SEARCH,
        title="Search",
        head=join(parts),
        layout="search",
        script="search/results_page.js",
    )


def moved_page(old: str, new: str) -> Page:
    """What stands at the address of an entry that was renamed."""
    target = relative(old, new)
    words = tag(
        "p",
        {"class": "lead"},
        "This entry is now at ",
        tag("a", {"href": target}, foreign(new.removesuffix("/index.html"))),
        ".",
    )
    return Page(
        path=old,
        title="Moved",
        head=join([tag("h1", {}, "Moved"), words]),
        layout="list",
        script="moved.js",
    )
