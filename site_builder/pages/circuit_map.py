"""How circuits share features and parts: a matrix, the pairs as a table, features by behaviour."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from site_builder.address import MAP, circuit_page, compare_link, map_page, relative
from site_builder.automatic_labels import automatic_label
from site_builder.circuit_content import CONTENT_FILE
from site_builder.dashboards import feature_address
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import count, fixed, percent
from site_builder.page import Page, Section
from site_builder.pages.entry_table import shortened
from site_builder.pictures.circuit_matrix import MOST_DRAWN, circuit_matrix
from site_builder.records import SiteRecords
from site_builder.shared_content import Content, Service, Shared, services, shared_content
from site_builder.tables import row, table

WORDS = "Which circuits use the same features, and which features serve several behaviours."
PAIRS, FEATURES, BEHAVIOURS = 18, 18, 16  # rows of the tables
OF_BEHAVIOUR = 5  # features of a behaviour
OF_FEATURE = 6  # behaviours of a feature
TITLE, LABEL = 80, 40  # characters of titles and of names of behaviours and parts
KINDS = {"microworld": "Microworld", "public": "Public models"}


def circuit_maps(site: SiteRecords, source: Path) -> list[Page]:
    """A map for each dictionary with two circuits or more, from the files beside their pages."""
    contents = [
        json.loads((source / Path(circuit_page(each)).parent / CONTENT_FILE).read_text("utf-8"))
        for each in site.circuits
    ]
    groups = shared_content(contents)
    if len(groups) == 1:
        return [one_map(site, groups[0], MAP)]
    pages = [one_map(site, each, map_page(each.model, each.dictionary)) for each in groups]
    return [list_of_maps(groups), *pages]


def list_of_maps(groups: Sequence[Shared]) -> Page:
    """The ways to all maps, those of the microworld and of public models apart."""
    body: list[Html] = [tag("h1", {}, "Circuit map"), tag("p", {"class": "lead"}, WORDS)]
    if not groups:
        body.append(tag("p", {"class": "empty"}, "No two circuits have a dictionary in common."))
    for kind, title in KINDS.items():
        items = []
        for each in groups:
            if each.kind == kind:
                way = relative(MAP, map_page(each.model, each.dictionary))
                link = tag("a", {"href": way, "dir": "auto"}, f"{each.model}, {each.dictionary}")
                items.append(tag("li", {}, link, f": {count(len(each.circuits), 'circuit')}"))
        if items:
            body += [tag("h2", {}, title), tag("ul", {"class": "source-list"}, *items)]
    return Page(path=MAP, title="Circuit map", head=join(body), layout="list", description=WORDS)


def one_map(site: SiteRecords, shared: Shared, here: str) -> Page:
    """The map of one dictionary."""
    found = services(shared)
    model = site.models[shared.model].name if shared.model in site.models else shared.model
    lead = (
        WORDS,
        " These are the circuits on ",
        foreign(f"{model}, {shared.dictionary}"),
        ". Circuits on another model or dictionary have no feature in common with them.",
    )
    sections = [
        Section("Matrix", "matrix", matrix(shared)),
        Section("Pairs", "pairs", pairs(shared, here)),
        Section("Features that serve several behaviours", "features", by_feature(
            site, shared, found[:FEATURES], (here, len(found)))),
        Section("Behaviours and their features", "behaviours", by_behaviour(
            site, shared, found[:FEATURES], here)),
    ]  # fmt: skip
    return Page(
        path=here,
        title="Circuit map",
        head=join([tag("h1", {}, "Circuit map"), tag("p", {"class": "lead"}, *lead)]),
        sections=sections,
        layout="list",
        description=WORDS,
    )


def matrix(shared: Shared) -> Html:
    """The picture with its legend."""
    order = shared.most_alike(MOST_DRAWN)
    left_out = len(shared.circuits) - len(order)
    words = (
        "Above the diagonal: cosine of influence, of the lists of features with their shares of "
        "influence on the answers, each read off the graph of one prompt. Below: Jaccard of the "
        "features in parts, those in both of those in either. Both from 0 to 1; an empty cell "
        "is below 0.005. On the diagonal: features in parts. Circuits that share most stand beside "
        "each other. It illustrates and is no evidence."
    )
    more = f" {count(left_out, 'circuit')} that share less are left out." if left_out else ""
    frame = {"class": "figure-scroll", "tabindex": 0, "role": "region", "aria-label": "Matrix"}
    caption = tag("figcaption", {}, words, more)
    return tag("figure", {}, tag("div", frame, circuit_matrix(shared, order)), caption)


def pairs(shared: Shared, here: str) -> Html:
    """The same as a table, with the way to each comparison."""
    rows = []
    for one, other in shared.survey.pairs[:PAIRS]:
        alike = shared.likeness([one], [other])
        left, right = shared.circuits[one], shared.circuits[other]
        way = relative(here, compare_link(left["id"], right["id"]))
        name = f"Compare {shortened(left['title'], LABEL)} with {shortened(right['title'], LABEL)}"
        rows.append(
            row(
                circuit_link(left, here),
                circuit_link(right, here),
                f"{alike.cosine[0, 0]:.2f}{same_prompt(left, right)}",
                f"{alike.shared_parts[0, 0]:.0f}",
                fixed(float(alike.jaccard[0, 0]), 2),
                tag("a", {"href": way, "aria-label": name}, "compare"),
                numeric={2, 3, 4},
            )
        )
    if not rows:
        return tag("p", {"class": "empty"}, "No two circuits share a feature.")
    titles = ("Circuit", "Circuit", "Cosine", "Shared in parts", "Jaccard", "")
    return table(
        titles, rows, {2, 3, 4}, caption=shown(len(rows), shared.survey.pair_count, "pair")
    )


def same_prompt(left: Content, right: Content) -> str:
    """A remark where both graphs are of one prompt."""
    return " (same prompt)" if left["prompt"] and left["prompt"] == right["prompt"] else ""


def by_feature(
    site: SiteRecords, shared: Shared, found: Sequence[Service], place: tuple[str, int]
) -> Html:
    """Which behaviours each feature serves, with its influence in the circuit of each."""
    here, whole = place
    if not found:
        return tag("p", {"class": "empty"}, "No feature serves several behaviours.")
    rows = []
    listed = {shared.circuits[one]["id"] for one in shared.most_alike(BEHAVIOURS)}
    for each in found:
        serves = [served(one, listed, here) for one in each.behaviours[:OF_FEATURE]]
        if len(each.behaviours) > OF_FEATURE:
            serves.append(tag("li", {}, f"and {len(each.behaviours) - OF_FEATURE} more"))
        name = {"scope": "row", "id": f"feature-{each.feature}"}
        link = feature_link(site, shared, each.feature, here)
        head = tag("th", name, link, automatic(site, shared, each.feature))
        rows.append(tag("tr", {}, head, tag("td", {}, tag("ul", {"class": "map-list"}, *serves))))
    return table(
        ("Feature", "Behaviours, with its share of the influence on the answer"),
        rows,
        caption=shown(len(rows), whole, "feature"),
    )


def served(one: tuple[Content, float, str], listed: Collection[str], here: str) -> Html:
    """One behaviour that a feature serves: linked to its row, or to its circuit without one."""
    circuit, amount, part = one
    row_of = f"#behaviour-{circuit['id']}"
    way = row_of if circuit["id"] in listed else relative(here, circuit["page"])
    link = tag("a", {"href": way, "dir": "auto"}, shortened(circuit["behaviour"], LABEL))
    size = f" {percent(amount, 1) if amount else 'not in the graph'}"
    where = join([", part ", foreign(shortened(part, LABEL), "q")]) if part else ""
    return tag("li", {}, link, size, where)


def automatic(site: SiteRecords, shared: Shared, feature: str) -> Html:
    """A feature's automatic label, marked as such, where no curator gave one."""
    full = f"{shared.model}/{shared.dictionary}/{feature}"
    label = {} if full in site.features else automatic_label(full, site)
    if not label:
        return Html("")
    mark = tag("span", {"class": "automatic-mark"}, "automatic")
    scored = label["score"] is not None and label["control"] is not None
    score = f"F1 {label['score']:.2f}, control {label['control']:.2f}" if scored else "not scored"
    words = {"class": "automatic-words", "title": score}
    return tag("div", words, mark, " ", foreign(label["text"]), f" ({score})")


def by_behaviour(site: SiteRecords, shared: Shared, found: Sequence[Service], here: str) -> Html:
    """The features with the most influence in each circuit; those of several link back."""
    listed = {each.feature for each in found}
    rows = []
    for circuit in (shared.circuits[each] for each in shared.most_alike(BEHAVIOURS)):
        best = sorted(circuit["influence"].items(), key=lambda item: (-item[1], item[0]))
        items = []
        for feature, amount in best[:OF_BEHAVIOUR]:
            also = tag("a", {"href": f"#feature-{feature}"}, "serves others too")
            items.append(
                tag(
                    "li",
                    {},
                    feature_link(site, shared, feature, here),
                    f" {percent(amount, 1)} ",
                    also if feature in listed else "",
                )
            )
        name = {"scope": "row", "id": f"behaviour-{circuit['id']}", "dir": "auto"}
        inside = tag("ul", {"class": "map-list"}, *items) if items else "no graph"
        head = tag("th", name, shortened(circuit["behaviour"], LABEL))
        rows.append(
            tag("tr", {}, head, tag("td", {}, circuit_link(circuit, here)), tag("td", {}, inside))
        )
    return table(("Behaviour", "Circuit", "Features with the most influence"), rows)


def feature_link(site: SiteRecords, shared: Shared, feature: str, here: str) -> Html:
    """A feature's number, linked where there is a page, with a curator's label."""
    full = f"{shared.model}/{shared.dictionary}/{feature}"
    page = feature_address(full, site)
    number = tag("span", {"class": "mono"}, feature)
    label = foreign(f" {site.features[full].feature.label}") if full in site.features else ""
    return tag("a", {"href": relative(here, page)}, number, label) if page else number


def circuit_link(circuit: Content, here: str) -> Html:
    """A circuit's title, linked to its page."""
    way = {"href": relative(here, circuit["page"]), "dir": "auto"}
    return tag("a", way, shortened(circuit["title"], TITLE))


def shown(rows: int, whole: int, noun: str) -> str:
    """How many of all are listed."""
    return f"The first {rows} of {count(whole, noun)}" if rows < whole else count(whole, noun)
