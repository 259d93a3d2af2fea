"""Two feeds: new entries, and what became known of verdicts.

A verdict's past is known only as far as somebody kept it: the nightly journal holds that of the
last nights, and an accepted baseline says when it was measured. Nothing else is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from itertools import pairwise
from pathlib import Path

from atlas.entries.freshness import DRIFTED, REPRODUCED
from atlas.entries.journal import Point
from site_builder.address import HOME, relative
from site_builder.exports.atom import Feed, Item, atom
from site_builder.exports.published import NAME, Published, absolute
from site_builder.numbers import spoken
from site_builder.records import SiteRecords

ENTRIES, VERDICTS = "feed.xml", "changes.xml"


def write_feeds(site: SiteRecords, entries: Sequence[Published], source: Path) -> None:
    """Write both feeds into the root of the site's source."""
    new = "Circuits and features that are new in the atlas."
    changed = "Verdicts as they were accepted, and as they changed from one night to the next."
    items = [new_entry(each, site) for each in entries]
    (source / ENTRIES).write_bytes(atom(about(ENTRIES, "New entries", new, site), items))
    changes = [item for each in entries for item in verdict_items(each, site)]
    (source / VERDICTS).write_bytes(atom(about(VERDICTS, "Verdicts", changed, site), changes))


def about(file: str, title: str, subtitle: str, site: SiteRecords) -> Feed:
    """A feed's own fields."""
    return Feed(
        name=file,
        title=f"{NAME}: {title}",
        subtitle=subtitle,
        author=NAME,
        home=address(site, file, HOME),
        address=address(site, file, file),
    )


def address(site: SiteRecords, feed: str, target: str) -> str:
    """A file's web address; relative to the feed where the site's own address is not known."""
    return absolute(site, target) or relative(feed, target)


def new_entry(each: Published, site: SiteRecords) -> Item:
    """An entry on the day that its curators give."""
    return Item(
        name=f"{each.kind}s/{each.id}",
        title=each.cited_title,
        link=address(site, ENTRIES, each.page),
        updated=midnight(each.created),
        summary=each.summary or f"A {each.kind} of {each.entry.model}.",
        authors=tuple(curator.name for curator in each.curators),
    )


def verdict_items(each: Published, site: SiteRecords) -> Iterator[Item]:
    """The accepted verdict of an entry, and each change from one night to the next."""
    if each.accepted is not None:
        told = f"The verdict on the accepted measurement is {spoken(each.record.verdict)}."
        moment = each.accepted.isoformat()
        title = f"{each.title}: {spoken(each.record.verdict)}"
        yield verdict_item(each, site, (f"accepted/{moment}", title, told), each.accepted)
    for before, after in changes_of(nights(each, site)):
        old, new = spoken(before.verdict), spoken(after.verdict)
        told = f"Measured {old} on {before.night} and {new} on {after.night}. "
        title = f"{each.title}: {old} → {new}"
        name = f"night/{after.night}"
        words = (name, title, told + "; ".join(after.reasons))
        yield verdict_item(each, site, words, midnight(after.night))


def verdict_item(
    each: Published, site: SiteRecords, words: tuple[str, str, str], moment: datetime
) -> Item:
    """An item from its name, title and summary."""
    name, title, told = words
    link = address(site, VERDICTS, each.page)
    return Item(f"verdicts/{each.kind}s/{each.id}/{name}", title, link, moment, told.strip())


def nights(each: Published, site: SiteRecords) -> Sequence[Point]:
    """An entry's nights in the journal, oldest first."""
    return site.journal.histories.get(each.id, ()) if site.journal is not None else ()


def changes_of(points: Iterable[Point]) -> Iterator[tuple[Point, Point]]:
    """Neighbouring nights that gave different verdicts, of those that could be compared."""
    told = [point for point in points if point.state in (REPRODUCED, DRIFTED)]
    for before, after in pairwise(told):
        if before.verdict != after.verdict:
            yield before, after


def midnight(day: date) -> datetime:
    """The beginning of a day, UTC."""
    return datetime.combine(day, time(), UTC)
