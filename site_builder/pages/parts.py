"""A circuit's parts with their features, and its expected edges beside what the graph shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from atlas.entries.circuit import Circuit, Part
from atlas.entries.ids import LayerFeature
from atlas.entries.position import Position
from site_builder.address import any_feature_page, circuit_page, feature_page, relative
from site_builder.html import Html, foreign, join, tag, text
from site_builder.numbers import count, percent, spoken
from site_builder.pages.long_tables import LongPages, LongTable, places
from site_builder.part_marks import part_class, part_key
from site_builder.part_nodes import FOUND_SHARE, FoundEdge
from site_builder.records import CircuitRecord, SiteRecords
from site_builder.tables import row, table

SHOWN_KEYS = 5  # values of a keyed part that its circuit's page shows; more are on a page of tables
SHOWN_OF_KEY = 8  # features of each of them
SHOWN_FEATURES = 20  # features of a part without a key
ROW_FEATURES = 16  # of the page of tables: a row stays one or two lines


def parts_section(record: CircuitRecord, site: SiteRecords) -> Html:
    """Every part: what it stands for, where it acts, which features make it up."""
    circuit = record.circuit
    if not circuit.parts:
        return tag("p", {"class": "empty"}, "No parts have been labelled yet.")
    note = tag(
        "p",
        {"class": "section-note"},
        "A part is a group of features that play one role at one place of the prompt. ",
        "The letters and colours are those of the pictures.",
    )
    wholes = places(*whole_parts(circuit, site))
    blocks = [
        part_block(circuit, index, site, wholes.get(f"part-{part.id}", ""))
        for index, part in enumerate(circuit.parts)
    ]
    return join([note, tag("div", {"data-features": dashboards_of(circuit, site)}, *blocks)])


def part_block(circuit: Circuit, index: int, site: SiteRecords, whole: str) -> Html:
    """One part; `whole` leads to all its features where they are many."""
    part = circuit.parts[index]
    role = site.roles[part.role].name if part.role in site.roles else spoken(part.role)
    facts: list[object] = [role, " · ", "at ", place_in_words(part.position)]
    facts.append(f" · {count(len(part.all_features), 'feature')}")
    if part.heads:
        facts += [" · heads ", tag("span", {"class": "mono"}, ", ".join(map(str, part.heads)))]
    body: list[Html] = [
        tag("h3", {"dir": "auto"}, part.label),
        tag("p", {"class": "part-facts"}, *facts),
        part_features(circuit, part, site, whole),
    ]
    if part.found_by:
        body.append(tag("p", {"class": "found-by"}, "Found by: ", foreign(part.found_by)))
    return tag(
        "div",
        {"class": f"part {part_class(index)}", "id": f"part-{part.id}"},
        part_key(index),
        tag("div", {}, *body),
    )


def place_in_words(place: Position) -> Html:
    """A position of the prompt in words."""
    if place.kind == "last":
        return Html("the last token")
    if place.kind == "any":
        return Html("any token")
    if place.kind == "entity":
        return join(["the last token of ", foreign(place.entity)])
    return join([f"token {place.index}"])


def part_features(circuit: Circuit, part: Part, site: SiteRecords, whole: str) -> Html:
    """The part's features, grouped by the value of its key where it has one.

    What is longer than a screen is cut; `whole` leads to all of it.
    """
    here = circuit_page(circuit.id)
    if isinstance(part.features, Mapping):
        groups = [
            join(
                [
                    tag("dt", {"dir": "auto"}, value),
                    tag("dd", {}, feature_chips(circuit, features[:SHOWN_OF_KEY], site, here)),
                ]
            )
            for value, features in list(part.features.items())[:SHOWN_KEYS]
        ]
        shown = tag("dl", {"class": "keyed"}, *groups)
    else:
        shown = feature_chips(circuit, part.features[:SHOWN_FEATURES], site, here)
    if not whole:
        return shown
    words = f"All {count(len(part.all_features), 'feature')}"
    if isinstance(part.features, Mapping):
        words += f" by {spoken(part.keyed_by)}, {count(len(part.features), 'value')}"
    return join([shown, tag("p", {"class": "whole-list"}, tag("a", {"href": whole}, words))])


def is_long(part: Part) -> bool:
    """Whether a part has more features than the circuit's page shows."""
    if isinstance(part.features, Mapping):
        groups = part.features.values()
        return len(groups) > SHOWN_KEYS or any(len(each) > SHOWN_OF_KEY for each in groups)
    return len(part.features) > SHOWN_FEATURES


def whole_parts(circuit: Circuit, site: SiteRecords) -> tuple[LongPages, list[LongTable]]:
    """The parts that are cut in the circuit's page, as whole tables, and where these stand."""
    here = circuit_page(circuit.id)
    title = "All features of the longer parts"
    frame = {"data-features": dashboards_of(circuit, site)}
    tables = [whole_part(circuit, part, site) for part in circuit.parts if is_long(part)]
    return LongPages(here, circuit.title, "parts", title, frame), tables


def whole_part(circuit: Circuit, part: Part, site: SiteRecords) -> LongTable:
    """One part as rows of feature numbers, with the value of its key before them."""
    keyed = isinstance(part.features, Mapping)
    groups = part.features.items() if isinstance(part.features, Mapping) else [("", part.features)]
    rows = []
    for value, features in groups:
        for start in range(0, len(features), ROW_FEATURES):
            chosen = features[start : start + ROW_FEATURES]
            numbers = join((feature_number(circuit, each, site) for each in chosen), " ")
            head = tag("th", {"scope": "row", "dir": "auto"}, value) if keyed else ""
            rows.append(tag("tr", {}, head, tag("td", {"class": "numbers"}, numbers)))
    columns = (spoken(part.keyed_by).capitalize(), "Features") if keyed else ("Features",)
    return LongTable(f"part-{part.id}", part.label, columns, tuple(rows))


def feature_number(circuit: Circuit, feature: LayerFeature, site: SiteRecords) -> Html:
    """A feature as its number alone, linked if it has a page of its own."""
    full = f"{circuit.model}/{circuit.dictionary}/{feature}"
    if full not in site.features:
        return text(str(feature))
    return tag("a", {"href": relative(circuit_page(circuit.id), feature_page(full))}, str(feature))


def dashboards_of(circuit: Circuit, site: SiteRecords) -> str | None:
    """What the address of a feature's dashboard begins with, where the site has any."""
    dictionary = f"{circuit.model}/{circuit.dictionary}"
    if dictionary not in site.dashboards:
        return None
    return relative(circuit_page(circuit.id), any_feature_page(dictionary))


def feature_chips(
    circuit: Circuit, features: Sequence[LayerFeature], site: SiteRecords, here: str
) -> Html:
    """Features as a list of short links; those without an entry stand as their number."""
    if not features:
        return Html("")
    chips = [feature_chip(circuit, feature, site, here) for feature in features]
    return tag("ul", {"class": "part-features"}, *chips)


def feature_chip(circuit: Circuit, feature: LayerFeature, site: SiteRecords, here: str) -> Html:
    """One feature in a list: its number, and its label and page if it has an entry.

    Others are linked in the browser: as markup, hundreds of addresses would double a page.
    """
    full = f"{circuit.model}/{circuit.dictionary}/{feature}"
    if full not in site.features:
        return tag("li", {"class": "chip mono"}, str(feature))
    name = tag("span", {"class": "mono"}, str(feature))
    label = foreign(site.features[full].feature.label)
    target = relative(here, feature_page(full))
    return tag("li", {}, tag("a", {"class": "chip", "href": target}, name, label))


def edges_table(circuit: Circuit, edges: Sequence[FoundEdge]) -> Html:
    """The expected edges beside what the drawn prompt's graph shows."""
    if not circuit.edges:
        return Html("")
    order = {part.id: index for index, part in enumerate(circuit.parts)}
    known = {(edge.source, edge.target): edge for edge in edges}
    rows = []
    for expected in circuit.edges:
        ends = [part_name(circuit, order[each]) for each in (expected.source, expected.target)]
        edge = known.get((expected.source, expected.target))
        found: list[object] = ["–", "–", "no graph"]
        if edge is not None:
            answer = "found" if edge.found else "not found"
            found = [percent(edge.direct, 1), percent(edge.over_paths, 1), answer]
        sign = sign_word(expected.sign)
        rows.append(row(join(ends, " → "), sign, *found, numeric={2, 3}))
    titles = ("Edge", "Expected", "Direct share", "Over all paths", "In the graph")
    caption = (
        "Expected edges against the graph of the drawn prompt: the signed share of the target’s "
        f"input. Found: at least {percent(FOUND_SHARE)} over all paths, with the expected sign. "
        "This is never evidence."
    )
    return table(titles, rows, {2, 3}, caption)


def part_name(circuit: Circuit, index: int) -> Html:
    """A part's label as a link to where it is described."""
    part = circuit.parts[index]
    return tag("a", {"href": f"#part-{part.id}", "dir": "auto"}, part.label)


def sign_word(sign: str) -> Html:
    """A sign as a mark and a word."""
    mark = "+" if sign == "positive" else "\N{MINUS SIGN}"
    return tag("span", {"class": f"sign-{sign}"}, f"{mark} {sign}")
