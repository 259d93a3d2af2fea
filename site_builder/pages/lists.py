"""Lists of entries: all of a kind, by each facet, in pages; the facets work without scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from atlas.entries.evidence import VERDICTS
from site_builder.address import list_page, model_page, relative
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import count, spoken, whole
from site_builder.page import Page
from site_builder.pages.any_feature import feature_view
from site_builder.pages.badges import icon
from site_builder.pages.entry_table import circuit_table, feature_table
from site_builder.records import CircuitRecord, FeatureRecord, SiteRecords

PAGE_LENGTH = 60  # rows; keeps a page's HTML below 60 KB

CIRCUIT_FACETS: dict[str, Callable[[CircuitRecord], str]] = {
    "domain": lambda record: record.circuit.domain,
    "verdict": lambda record: record.verdict,
    "model": lambda record: record.circuit.model,
    "behaviour": lambda record: record.circuit.behaviour,
}
FEATURE_FACETS: dict[str, Callable[[FeatureRecord], str]] = {
    "verdict": lambda record: record.verdict,
    "model": lambda record: record.feature.model,
}
SCRIPTS = {"circuits": "catalog.js", "features": "catalog.js features/feature_page.js"}
INTRODUCTIONS = {
    "circuits": "A circuit is a small set of features and heads that together produce a behaviour. "
    "Each entry states claims that can be false, and shows what the measurements say.",
    "features": "A feature is a direction that a dictionary found in a model. Its label here is a "
    "predicate with a held-out score, not an opinion.",
}


def list_pages(site: SiteRecords) -> list[Page]:
    """Every list of circuits and features."""
    pages: list[Page] = []
    for kind, facets, records in (
        ("circuits", CIRCUIT_FACETS, circuits_in_order(site)),
        ("features", FEATURE_FACETS, list(site.features.values())),
    ):
        pages += paged(site, kind, None, None, records)
        for facet, value_of in facets.items():
            for value in sorted({value_of(record) for record in records}):  # type: ignore[arg-type]
                chosen = [record for record in records if value_of(record) == value]  # type: ignore[arg-type]
                pages += paged(site, kind, facet, value, chosen)
    return pages


def circuits_in_order(site: SiteRecords) -> list[CircuitRecord]:
    """Active entries before drafts and deprecated ones; within them by verdict, then by title."""
    life = {"active": 0, "draft": 1, "deprecated": 2}
    verdicts = {word: rank for rank, word in enumerate(VERDICTS)}
    return sorted(
        site.circuits.values(),
        key=lambda r: (
            life[r.circuit.lifecycle],
            verdicts[r.verdict],
            r.circuit.title,
            r.circuit.id,
        ),
    )


def paged(
    site: SiteRecords, kind: str, facet: str | None, value: str | None, records: Sequence[Any]
) -> list[Page]:
    """One list, cut into pages."""
    total = max(1, -(-len(records) // PAGE_LENGTH))
    return [
        one_page(site, (kind, facet, value), records, (number, total))
        for number in range(1, total + 1)
    ]


def one_page(
    site: SiteRecords,
    address: tuple[str, str | None, str | None],
    records: Sequence[Any],
    place: tuple[int, int],
) -> Page:
    """One page of a list; the first page of all circuits has live facets."""
    kind, facet, value = address
    number, total = place
    path = list_page(kind, facet, value, number)
    shown = records[(number - 1) * PAGE_LENGTH : number * PAGE_LENGTH]
    if not records:
        table = tag("p", {"class": "empty"}, f"No {kind} yet.")
    else:
        table = (circuit_table if kind == "circuits" else feature_table)(shown, site, path)
    live = facet is None and number == 1
    title = list_title(site, kind, facet, value)
    catalog = {"data-catalog": relative(path, "catalog.json"), "data-kind": kind} if live else {}
    body = [
        facet_lists(site, kind, path, facet) if facet is None else "",
        tag(
            "div",
            {"class": "list-main"},
            tag("div", {"class": "list-body", **catalog}, table),
            pager(address, path, place),
        ),
    ]
    frame = tag("div", {"class": "list-frame" if facet is None else "list-plain"}, *body)
    if live and kind == "features":
        frame = join([feature_view(site), frame])
    return Page(
        path=path,
        title=title if number == 1 else f"{title}, page {number}",
        head=join([list_head(site, address, title, len(records), path), frame]),
        layout="list",
        script=SCRIPTS[kind] if live else "",
    )


def list_title(site: SiteRecords, kind: str, facet: str | None, value: str | None) -> str:
    """`Circuits`, or what the list is restricted to."""
    if facet is None or value is None:
        return kind.capitalize()
    return f"{kind.capitalize()}: {value_name(site, facet, value)}"


def value_name(site: SiteRecords, facet: str, value: str) -> str:
    """A facet's value as readers see it."""
    if facet == "model":
        return site.models[value].name if value in site.models else value
    terms = {"domain": site.domains, "behaviour": site.behaviours}.get(facet, {})
    return terms[value].name if value in terms else spoken(value)


def list_head(
    site: SiteRecords,
    address: tuple[str, str | None, str | None],
    title: str,
    total: int,
    path: str,
) -> Html:
    """The list's title and what it holds."""
    kind, facet, value = address
    parts: list[Html] = []
    if facet is not None and value is not None:
        back = tag("a", {"href": relative(path, list_page(kind))}, kind.capitalize())
        parts.append(tag("nav", {"class": "breadcrumb", "aria-label": "Breadcrumb"}, back))
    parts.append(
        tag("h1", {"dir": "auto"}, title if facet is None else value_name(site, facet, value or ""))
    )
    parts.append(tag("p", {"class": "lead", "dir": "auto"}, introduction(site, kind, facet, value)))
    if facet == "model" and value is not None and value in site.models:
        parts.append(
            tag("p", {}, tag("a", {"href": relative(path, model_page(value))}, "About the model"))
        )
    parts.append(tag("p", {"class": "list-count", "aria-live": "polite"}, count(total, kind[:-1])))
    return join(parts)


def introduction(site: SiteRecords, kind: str, facet: str | None, value: str | None) -> str:
    """What the list holds, in a sentence."""
    terms = {"domain": site.domains, "behaviour": site.behaviours}.get(facet or "", {})
    if value is not None and value in terms:
        return terms[value].description
    return INTRODUCTIONS[kind] if facet is None else f"{kind.capitalize()} with this {facet}."


def facet_lists(site: SiteRecords, kind: str, path: str, current: str | None) -> Html:
    """Links to the list of each value, with counts; scripts turn them into filters."""
    facets: dict[str, Callable[[Any], str]] = (
        CIRCUIT_FACETS if kind == "circuits" else FEATURE_FACETS
    )  # type: ignore[assignment]
    records: list[Any] = list((site.circuits if kind == "circuits" else site.features).values())
    groups = []
    for facet, value_of in facets.items():
        counted = Counter(value_of(record) for record in records)
        items = []
        for value, many in counted.most_common():
            name = [icon(value), " "] if facet == "verdict" else []
            link = tag(
                "a",
                {
                    "href": relative(path, list_page(kind, facet, value)),
                    "data-facet": facet,
                    "data-value": value,
                },
                *name,
                foreign(value_name(site, facet, value)),
            )
            items.append(tag("li", {}, link, tag("span", {"class": "facet-count"}, whole(many))))
        groups.append(
            tag(
                "section",
                {"class": "facet"},
                tag("h2", {"class": "facet-title"}, facet.capitalize()),
                tag("ul", {}, *items),
            )
        )
    summary = tag("summary", {}, "Filters")
    return tag("details", {"class": "facets", "open": True}, summary, *groups)


def pager(address: tuple[str, str | None, str | None], path: str, place: tuple[int, int]) -> Html:
    """Links to the other pages of a long list."""
    number, total = place
    if total == 1:
        return Html("")
    links = []
    for each in range(1, total + 1):
        target = relative(path, list_page(*address, each))
        current = "page" if each == number else None
        links.append(tag("a", {"href": target, "aria-current": current}, str(each)))
    return tag("nav", {"class": "pager", "aria-label": "Pages"}, *links)
