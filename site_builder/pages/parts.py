"""A circuit's parts with their features, and its expected edges beside what the graph shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from atlas.entries.circuit import Circuit, Part
from atlas.entries.ids import LayerFeature
from atlas.entries.position import Position
from site_builder.address import any_feature_page, circuit_page, feature_page, relative
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import count, percent, spoken
from site_builder.part_marks import part_class, part_key
from site_builder.part_nodes import FOUND_SHARE, FoundEdge
from site_builder.records import CircuitRecord, SiteRecords
from site_builder.tables import row, table

SHOWN_KEYS = 6  # values of a keyed part that are shown before the reader asks for all


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
    blocks = [part_block(circuit, index, site) for index in range(len(circuit.parts))]
    dictionary = f"{circuit.model}/{circuit.dictionary}"
    address = None
    if dictionary in site.dashboards:
        address = relative(circuit_page(circuit.id), any_feature_page(dictionary))
    return join([note, tag("div", {"data-features": address}, *blocks)])


def part_block(circuit: Circuit, index: int, site: SiteRecords) -> Html:
    """One part."""
    part = circuit.parts[index]
    role = site.roles[part.role].name if part.role in site.roles else spoken(part.role)
    facts: list[object] = [role, " · ", "at ", place_in_words(part.position)]
    facts.append(f" · {count(len(part.all_features), 'feature')}")
    if part.heads:
        facts += [" · heads ", tag("span", {"class": "mono"}, ", ".join(map(str, part.heads)))]
    body: list[Html] = [
        tag("h3", {"dir": "auto"}, part.label),
        tag("p", {"class": "part-facts"}, *facts),
        part_features(circuit, part, site),
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


def part_features(circuit: Circuit, part: Part, site: SiteRecords) -> Html:
    """The part's features, grouped by the value of its key where it has one."""
    here = circuit_page(circuit.id)
    if not isinstance(part.features, Mapping):
        return feature_chips(circuit, part.features, site, here)
    groups = [
        join(
            [
                tag("dt", {"dir": "auto"}, value),
                tag("dd", {}, feature_chips(circuit, features, site, here)),
            ]
        )
        for value, features in part.features.items()
    ]
    shown = tag("dl", {"class": "keyed"}, *groups[:SHOWN_KEYS])
    if len(groups) <= SHOWN_KEYS:
        return shown
    rest = tag("dl", {"class": "keyed"}, *groups[SHOWN_KEYS:])
    more = f"{count(len(groups) - SHOWN_KEYS, 'more value')} of {spoken(part.keyed_by)}"
    return join([shown, tag("details", {}, tag("summary", {}, more), rest)])


def feature_chips(
    circuit: Circuit, features: Sequence[LayerFeature], site: SiteRecords, here: str
) -> Html:
    """Features as a list of short links; those without an entry stand as their number."""
    if not features:
        return Html("")
    chips = [tag("li", {}, feature_chip(circuit, feature, site, here)) for feature in features]
    return tag("ul", {"class": "part-features"}, *chips)


def feature_chip(circuit: Circuit, feature: LayerFeature, site: SiteRecords, here: str) -> Html:
    """One feature: its number, and its label and page if it has an entry.

    Others are linked in the browser: as markup, hundreds of addresses would double a page.
    """
    full = f"{circuit.model}/{circuit.dictionary}/{feature}"
    name = tag("span", {"class": "mono"}, str(feature))
    if full not in site.features:
        return tag("span", {"class": "chip"}, name)
    label = foreign(site.features[full].feature.label)
    return tag("a", {"class": "chip", "href": relative(here, feature_page(full))}, name, label)


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
