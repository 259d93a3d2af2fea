"""The status page: what the last nights came to, entry by entry.

What is stale is a matter of the reader's clock, not of the build's: a script compares the day of
publication with today, so that a nightly run that died cannot look green.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from atlas.entries.freshness import LONGEST_AGE
from atlas.entries.journal import Journal, Point
from site_builder.address import STATUS, circuit_page, feature_page, relative
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import count, fixed, spoken
from site_builder.page import Page
from site_builder.pages.badges import STATE_MEANINGS, state_badge, verdict_badge
from site_builder.pictures.sparkline import sparkline
from site_builder.reading import started
from site_builder.records import CircuitRecord, FeatureRecord, SiteRecords
from site_builder.reproduction import entry_id, known_state
from site_builder.tables import table

ROWS_PER_PAGE = 200
BAD_FIRST = ("failing", "drifted", "stale", "never_run", "skipped", "reproduced")


def status_pages(site: SiteRecords) -> list[Page]:
    """The nights of all entries, bad ones first, in pages; without a journal what was accepted."""
    rows = _rows(site)
    total = max(1, -(-len(rows) // ROWS_PER_PAGE))
    return [_page(site, rows, number, total) for number in range(1, total + 1)]


def _page(site: SiteRecords, rows: Sequence[Html], number: int, total: int) -> Page:
    path = STATUS if number == 1 else STATUS.replace("index", f"page-{number}")
    shown = rows[(number - 1) * ROWS_PER_PAGE : number * ROWS_PER_PAGE]
    titles = ["Entry", "State", "Verdict"]
    titles += ["Last nights", "Bad since"] if site.journal else ["Accepted"]
    links = [
        tag("a", {"href": STATUS.split("/")[-1] if each == 1 else f"page-{each}.html"}, str(each))
        for each in range(1, total + 1)
    ]
    body = [
        tag("h1", {}, "Status"),
        *_introduction(site),
        _meanings(known_state(site, record).state for record in _records(site)),
        table(titles, shown, class_name="entries status")
        if shown
        else tag("p", {"class": "empty"}, "No entries yet."),
        tag("nav", {"class": "pager", "aria-label": "Pages"}, *links) if total > 1 else "",
    ]
    return Page(path=path, title="Status", head=join(body), layout="list", script="status_page.js")


def _introduction(site: SiteRecords) -> Iterable[Html]:
    journal = site.journal
    if journal is None:
        words = (
            "This build knows of no nightly runs. It shows what was measured and accepted, and, "
            "where an entry was run on the machine that built the site, how that run compares."
        )
        yield tag("p", {"class": "lead"}, words)
        newest = max(filter(None, map(_accepted, _records(site))), default=None)
        if newest is not None:
            yield tag("p", {"class": "list-count"}, f"As of {newest:%Y-%m-%d}.")
        return
    words = (
        "Every night the claims of the atlas are measured again and compared with what was "
        "accepted. A line is a claim's effect, the band what it may differ by, a cross a bad "
        "night. Where there are more prompts of the kind, claims are measured on fresh ones too, "
        "drawn for that night."
    )
    yield tag("p", {"class": "lead"}, words)
    latest = journal.latest
    counted = Counter(point.state for point in latest.entries.values())
    parts = [f"{number} {spoken(state)}" for state, number in counted.most_common()]
    yield tag(
        "p",
        {
            "class": "list-count night",
            "data-published": latest.published.isoformat(),
            "data-longest-days": LONGEST_AGE.days,
        },
        f"As of {latest.published:%Y-%m-%d}: {count(len(latest.entries), 'entry', 'entries')}, "
        f"{', '.join(parts)}.",
    )
    changed = journal.changed_on(latest.night)
    if changed:
        yield tag("p", {"class": "night-changes"}, "New that night: ", foreign("; ".join(changed)))


def _meanings(states: Iterable[str]) -> Html:
    """What the states say that occur here."""
    known = set(states)
    rows = [
        tag("li", {}, state_badge(state), " ", STATE_MEANINGS[state])
        for state in BAD_FIRST
        if state in known
    ]
    return tag("ul", {"class": "state-meanings"}, *rows)


def _rows(site: SiteRecords) -> list[Html]:
    records = sorted(
        _records(site),
        key=lambda each: (BAD_FIRST.index(known_state(site, each).state), entry_id(each)),
    )
    return [_row(site, each) for each in records]


def _records(site: SiteRecords) -> list[CircuitRecord | FeatureRecord]:
    return [*site.circuits.values(), *site.features.values()]


def _row(site: SiteRecords, record: CircuitRecord | FeatureRecord) -> Html:
    if isinstance(record, CircuitRecord):
        page, name = circuit_page(record.circuit.id), record.circuit.title
    else:
        page, name = feature_page(record.feature.id), record.feature.label
    link = tag("a", {"href": relative(STATUS, page), "dir": "auto"}, name)
    cells = [
        tag(
            "th",
            {"scope": "row"},
            link,
            tag("div", {"class": "row-summary mono"}, entry_id(record)),
        ),
        tag("td", {}, state_badge(known_state(site, record).state)),
        tag("td", {}, verdict_badge(record.verdict)),
    ]
    if site.journal is None:
        accepted = _accepted(record)
        cells.append(tag("td", {}, f"{accepted:%Y-%m-%d}" if accepted else "–"))
    else:
        cells += [
            tag("td", {}, *_lines(site.journal, entry_id(record))),
            tag("td", {}, *_since(site.journal, entry_id(record))),
        ]
    return tag("tr", {}, *cells)


def _lines(journal: Journal, entry: str) -> Iterable[Html]:
    """A line for each claim."""
    points = journal.histories.get(entry, ())
    names = dict.fromkeys(name for point in points for name in point.claims)
    for name in names:
        nights = [(point.night, point.claims.get(name), point.bad) for point in points]
        label = tag("span", {"class": "spark-name"}, foreign(name), *_fresh(points, name))
        yield tag("div", {"class": "spark"}, sparkline(name, nights), label)
    if not names:
        yield tag("span", {"class": "reason-plain"}, _without_numbers(points))


def _fresh(points: Sequence[Point], claim: str) -> Iterable[Html]:
    """What the last night that drew fresh prompts measured on them."""
    drawn = [(each.night, each.claims[claim].fresh) for each in points if claim in each.claims]
    for night, fresh in reversed(drawn):
        if fresh is not None:
            low, high = (fixed(end, 3) for end in fresh.interval)
            words = f"{fresh.n} fresh prompts, {night}: {fixed(fresh.value, 3)} [{low}, {high}], "
            yield tag("span", {"class": "row-summary"}, words, spoken(fresh.verdict))
            return


def _without_numbers(points: Sequence[Point]) -> str:
    return f"{count(len(points), 'night')} without a measured effect" if points else "no nights"


def _since(journal: Journal, entry: str) -> Iterable[Html]:
    """The first bad night, what was new then, and what the last one says."""
    first = journal.bad_since(entry)
    if first is None:
        return
    yield tag("div", {}, f"{first}")
    for each in journal.changed_on(first):
        yield tag("div", {"class": "row-summary"}, foreign(each))
    for reason in journal.histories[entry][-1].reasons[:1]:
        yield tag("div", {"class": "row-summary"}, foreign(reason))


def _accepted(record: CircuitRecord | FeatureRecord) -> datetime | None:
    return started(record.result)
