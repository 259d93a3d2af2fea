"""Feeds are valid Atom, keep their ids, and tell nothing that nobody recorded."""

from dataclasses import replace
from datetime import UTC, date, datetime
from urllib.parse import urljoin
from xml.etree import ElementTree

import pytest

from atlas.entries.journal import Journal, Night, Point
from site_builder.exports.atom import LONGEST_FEED, NAMESPACE, NEVER, Feed, Item, atom
from site_builder.exports.feeds import verdict_items
from site_builder.exports.published import Published, published
from site_builder.reading import read_site
from tests.site_builder.built_site import built_site, example_library
from tests.site_builder.example_library import HOSTILE
from tests.site_builder.published_site import ADDRESS, published_site

ATOM = {"a": NAMESPACE}
ABOUT = Feed("feed.xml", "Title", "Subtitle", "Somebody", "index.html", "feed.xml")
SUPPORTED = "microworld-states-and-capitals"


def parsed(content: bytes) -> ElementTree.Element:
    """The feed, once it has what RFC 4287 (section 4.1) asks of it."""
    root = ElementTree.fromstring(content)
    assert root.tag == f"{{{NAMESPACE}}}feed"
    everyone = [root, *root.findall("a:entry", ATOM)]
    for element in everyone:
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"a:{name}", ATOM)) == 1
        assert element.find("a:id", ATOM).text.startswith("urn:uuid:")
        moment(element)
    ids = [element.find("a:id", ATOM).text for element in everyone]
    assert len(set(ids)) == len(ids)
    assert [link.get("rel") for link in root.findall("a:link", ATOM)] == ["self", "alternate"]
    assert root.find("a:author/a:name", ATOM).text
    moments = [moment(element) for element in everyone]
    assert moments[1:] == sorted(moments[1:], reverse=True)
    assert moments[0] == max(moments[1:], default=NEVER)
    return root


def moment(element) -> datetime:
    text = element.find("a:updated", ATOM).text
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


def items(root):
    return {
        entry.find("a:title", ATOM).text: entry.find("a:link", ATOM).get("href")
        for entry in root.findall("a:entry", ATOM)
    }


@pytest.mark.parametrize("name", ["feed.xml", "changes.xml"])
@pytest.mark.parametrize("site", [built_site, published_site])
def test_both_feeds_are_valid_and_lead_to_pages(name, site):
    folder = site().folder
    root = parsed((folder / name).read_bytes())
    base = ADDRESS if site is published_site else "https://unknown.example/"
    for link in root.iter(f"{{{NAMESPACE}}}link"):
        address = urljoin(f"{base}{name}", link.get("href"))
        assert (folder / address.removeprefix(base)).is_file(), address
    if site is published_site:
        assert all(each.startswith(ADDRESS) for each in items(root).values())


def test_every_entry_is_in_the_feed_of_entries_with_its_hostile_title_as_text():
    root = parsed((built_site().folder / "feed.xml").read_bytes())
    assert len(items(root)) == 17
    shown = HOSTILE.replace("\x02", "").replace("\x03", "")
    assert any(shown in title for title in items(root))


def test_ids_do_not_depend_on_where_the_site_is_published():
    feeds = [
        parsed((site().folder / "feed.xml").read_bytes()) for site in (built_site, published_site)
    ]
    here, there = ([each.text for each in feed.iter(f"{{{NAMESPACE}}}id")] for feed in feeds)
    assert here == there


def test_a_feed_is_the_same_bytes_again_and_keeps_the_newest_items():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    many = [
        Item(f"n{number}", f"Item {number}", "x", start.replace(minute=number % 60), "s")
        for number in range(LONGEST_FEED + 20)
    ]
    assert atom(ABOUT, many) == atom(ABOUT, many[::-1])
    assert len(items(parsed(atom(ABOUT, many)))) == LONGEST_FEED
    later = Item("late", "Late", "x", datetime(2027, 1, 1, tzinfo=UTC), "s")
    grown = parsed(atom(ABOUT, [*many, later]))
    assert next(iter(items(grown))) == "Late"
    assert moment(grown) > moment(parsed(atom(ABOUT, many)))


def test_a_feed_without_items_and_one_with_halves_of_characters_are_feeds():
    parsed(atom(ABOUT, []))
    odd = Item("n", "a\ud800b\x00c\x1b\ufffe", "x", NEVER, "\udfff")
    assert items(parsed(atom(ABOUT, [odd]))) == {"a?bc": "x"}


@pytest.fixture(scope="module")
def site():
    return read_site(example_library(), None, {})


def night(day: int, verdict: str, state: str = "reproduced", reason: str = "why") -> Point:
    return Point(date(2026, 3, day), state, verdict, (reason,), {})


def told(site, *points: Point) -> list[str]:
    latest = Night(date(2026, 3, 9), datetime(2026, 3, 9, tzinfo=UTC), {})
    known = replace(site, journal=Journal(latest, {}, {SUPPORTED: points}))
    each = Published(known.circuits[SUPPORTED])
    return [item.title.split(": ", 1)[1] for item in verdict_items(each, known)]


def test_a_change_of_verdict_is_told_once_on_its_night(site):
    nights = [
        night(1, "supported"),
        night(2, "supported"),
        night(3, "partial"),
        night(4, "partial"),
    ]
    assert told(site, *nights) == ["supported", "supported → partial"]


def test_a_night_that_could_not_measure_changes_no_verdict(site):
    broken = [night(2, "not_run", "failing"), night(3, "not_run", "skipped")]
    assert told(site, night(1, "supported"), *broken, night(4, "supported")) == ["supported"]


def test_without_a_journal_only_what_was_accepted_is_told(site):
    found = [item for each in published(site) for item in verdict_items(each, site)]
    accepted = [each for each in published(site) if each.accepted]
    assert [item.updated for item in found] == [each.accepted for each in accepted]
    assert 0 < len(accepted) < len(published(site))  # what was never measured is not told
