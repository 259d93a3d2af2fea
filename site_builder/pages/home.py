"""The first page: what the atlas is, a circuit to look at, counts, newest entries, how to start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from atlas.entries.evidence import VERDICTS
from site_builder.address import HOME, MAP, circuit_page, list_page, relative
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import count, spoken, whole
from site_builder.page import Page
from site_builder.pages.badges import MEANINGS, verdict_badge
from site_builder.pages.entry_table import shortened
from site_builder.pages.lists import value_name
from site_builder.pages.provenance import command_block
from site_builder.pictures.part_boxes import PartScene
from site_builder.pictures.part_picture import part_svg
from site_builder.records import CircuitRecord, SiteRecords
from site_builder.tables import table

NEWEST = 6
KINDS = (("microworld", "Microworld"), ("public", "Public models"))
STEPS = (
    (
        "State",
        (
            "A curator writes what the circuit does as a sentence that can "
            "be false, with the intervention, the metric and the threshold "
            "that decide it."
        ),
    ),
    (
        "Run",
        (
            "A notebook makes the change in the real model on at least 100 "
            "held-out prompts, and the same kind of change on matched "
            "features outside the circuit."
        ),
    ),
    (
        "Judge",
        (
            "The verdict follows from interval, threshold and controls. It "
            "is derived each time the page is built; nobody types it."
        ),
    ),
)


def home(site: SiteRecords, featured: tuple[CircuitRecord, PartScene] | None) -> Page:
    """The whole page."""
    body = [hero(site, featured), steps(), tallies(site), newest(site), start(site)]
    return Page(
        path=HOME,
        title="LLM Circuits Atlas",
        head=join(body),
        layout="home",
        description=(
            "A curated atlas of circuits and SAE features in open-weight "
            "language models, where every claim is a test that anyone can "
            "re-run."
        ),
    )


def hero(site: SiteRecords, featured: tuple[CircuitRecord, PartScene] | None) -> Html:
    """What the atlas is, in two sentences, beside a circuit."""
    words = tag(
        "div",
        {"class": "hero-words"},
        tag("h1", {}, "Circuits in language models, with claims you can re-run"),
        tag(
            "p",
            {"class": "lead"},
            (
                "The atlas collects circuits and features of open-weight "
                "language models. Every claim in it is a test on held-out "
                "prompts with matched controls, and each page shows what held "
                "up."
            ),
        ),
        tag(
            "ul",
            {"class": "actions"},
            tag(
                "li",
                {},
                tag(
                    "a",
                    {"class": "button button-strong", "href": list_page("circuits")},
                    "Browse the circuits",
                ),
            ),
            tag(
                "li",
                {},
                tag(
                    "a",
                    {"class": "button", "href": "guide/how-to-read-an-entry.html"},
                    "How to read an entry",
                ),
            ),
        ),
    )
    return tag("div", {"class": "hero"}, words, featured_figure(featured) if featured else "")


def featured_figure(featured: tuple[CircuitRecord, PartScene]) -> Html:
    """A circuit's parts as the first thing to see."""
    record, scene = featured
    address = circuit_page(record.circuit.id)
    caption = tag(
        "figcaption",
        {},
        verdict_badge(record.verdict),
        tag("a", {"href": address, "dir": "auto"}, record.circuit.title),
    )
    return tag(
        "figure",
        {"class": "hero-figure"},
        tag(
            "a",
            {"class": "hero-picture", "href": address, "tabindex": -1, "aria-hidden": "true"},
            part_svg(scene),
        ),
        caption,
    )


def steps() -> Html:
    """How a claim gets its verdict."""
    items = [tag("li", {}, tag("h3", {}, name), tag("p", {}, words)) for name, words in STEPS]
    more = tag("p", {}, tag("a", {"href": "guide/evidence.html"}, "What counts as evidence"))
    return tag(
        "section",
        {"class": "home-section"},
        tag("h2", {}, "How a claim gets its verdict"),
        tag("ol", {"class": "steps"}, *items),
        more,
    )


def tallies(site: SiteRecords) -> Html:
    """Counts by verdict and by domain, microworld and public models apart."""
    records = list(site.circuits.values())
    tables = [
        tally_table(site, "Verdict", records, lambda record: record.verdict, list(VERDICTS)),
        tally_table(
            site,
            "Domain",
            records,
            lambda record: record.circuit.domain,
            list(site.domains) or sorted({r.circuit.domain for r in records}),
        ),
    ]
    words = (
        f"{count(len(records), 'circuit')} and "
        f"{count(len(site.features), 'feature')} on "
        f"{count(len(site.models), 'model')}. The microworld is a small "
        "embedded model with known ground truth; its entries are "
        "counted apart."
    )
    return tag(
        "section",
        {"class": "home-section"},
        tag("h2", {}, "What held up"),
        tag("p", {"class": "section-note"}, words),
        tag("div", {"class": "tallies"}, *tables),
        tag(
            "p",
            {},
            tag("a", {"href": MAP}, "Circuits that use the same features: the circuit map"),
        ),
    )


def tally_table(
    site: SiteRecords,
    title: str,
    records: list[CircuitRecord],
    value_of: Callable[[CircuitRecord], str],
    order: list[str],
) -> Html:
    """One table of counts; every value of the vocabulary has a row."""
    counts = Counter((value_of(record), site.kind_of(record.circuit.model)) for record in records)
    facet = title.lower()
    rows = []
    for value in order:
        totals = [counts[(value, kind)] for kind, _ in KINDS]
        name = (
            verdict_badge(value) if facet == "verdict" else foreign(value_name(site, facet, value))
        )
        if sum(totals):
            target = relative(HOME, list_page("circuits", facet, value))
            shown = {"class": "quiet", "href": target, "title": MEANINGS.get(value)}
            name = tag("a", shown, name)
        zero = tag("span", {"class": "zero"}, "0")
        cells = [tag("td", {"class": "number"}, whole(each) if each else zero) for each in totals]
        rows.append(tag("tr", {}, tag("th", {"scope": "row"}, name), *cells))
    return table((title, *(name for _, name in KINDS)), rows, {1, 2})


def newest(site: SiteRecords) -> Html:
    """The entries that were created last."""
    records = sorted(
        site.circuits.values(), key=lambda r: (r.circuit.created, r.circuit.id), reverse=True
    )
    if not records:
        return Html("")
    cards = [card(site, record) for record in records[:NEWEST]]
    return tag(
        "section",
        {"class": "home-section"},
        tag("h2", {}, "Newest circuits"),
        tag("ul", {"class": "cards"}, *cards),
    )


def card(site: SiteRecords, record: CircuitRecord) -> Html:
    """One entry in a few words."""
    circuit = record.circuit
    domain = (
        site.domains[circuit.domain].name
        if circuit.domain in site.domains
        else spoken(circuit.domain)
    )
    model = site.models[circuit.model].name if circuit.model in site.models else circuit.model
    return tag(
        "li",
        {"class": "card"},
        tag(
            "p",
            {"class": "card-top"},
            verdict_badge(record.verdict),
            tag("time", {"datetime": circuit.created}, circuit.created),
        ),
        tag("h3", {}, tag("a", {"href": circuit_page(circuit.id), "dir": "auto"}, circuit.title)),
        tag("p", {"dir": "auto"}, shortened(circuit.summary)),
        tag("p", {"class": "card-foot"}, domain, " · ", foreign(model)),
    )


def start(site: SiteRecords) -> Html:
    """Three ways in."""
    doors = (
        (
            "Read",
            "Start with how a page is built and what its figures mean.",
            tag("a", {"href": "guide/how-to-read-an-entry.html"}, "How to read an entry"),
        ),
        (
            "Measure",
            "Re-run every claim of the embedded model on a laptop, offline.",
            command_block("make atlas\n.venv/bin/atlas site serve"),
        ),
        (
            "Trace",
            "Make the attribution graph of a prompt of your own.",
            command_block(
                "atlas trace --model microworld \\\n  --dictionary transcoders \\\n"
                '  --prompt "The state containing Dallas is"'
            ),
        ),
    )
    items = [
        tag("li", {}, tag("h3", {}, name), tag("p", {}, words), extra)
        for name, words, extra in doors
    ]
    return tag(
        "section",
        {"class": "home-section"},
        tag("h2", {}, "How to start"),
        tag("ul", {"class": "doors"}, *items),
    )


def choose_featured(site: SiteRecords) -> CircuitRecord | None:
    """The circuit on the first page: the best supported one with a graph and the most edges."""
    order = {word: rank for rank, word in enumerate(VERDICTS)}
    drawn = [
        r
        for r in site.circuits.values()
        if r.graph_file and r.circuit.parts and r.circuit.lifecycle == "active"
    ]
    if not drawn:
        return None
    return min(
        drawn,
        key=lambda r: (
            order[r.verdict],
            abs(len(r.circuit.parts) - 4),
            -len(r.circuit.edges),
            r.circuit.id,
        ),
    )
