"""Atom feeds (RFC 4287) as text: items in, XML out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree

from site_builder.html import CONTROLS

NAMESPACE = "http://www.w3.org/2005/Atom"
# Ids are made from names below this one, so they stay the same wherever the site is published.
ATLAS = uuid.UUID("5b0f6c0e-6a53-4d0c-9e0e-6f1d3f5c2a71")
LONGEST_FEED = 100  # items; a reader asks for a feed again and again
NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # when a feed without items was last changed


@dataclass(frozen=True)
class Item:
    """One entry of a feed."""

    name: str  # what it is about, unique and unchanging: its id is made from it
    title: str
    link: str  # web address, or relative to the feed
    updated: datetime
    summary: str
    authors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Feed:
    """A feed's own fields."""

    name: str  # unchanging: its id is made from it
    title: str
    subtitle: str
    author: str
    home: str  # web address, or relative to the feed
    address: str  # of the feed itself


def stable_id(name: str) -> str:
    """The same identifier for the same name, on every machine."""
    return uuid.uuid5(ATLAS, name).urn


def atom(feed: Feed, items: Sequence[Item]) -> bytes:
    """The newest items, newest first, as XML in UTF-8; same items, same bytes."""
    newest = sorted(items, key=lambda each: (each.updated, each.name), reverse=True)[:LONGEST_FEED]
    root = ElementTree.Element("feed", {"xmlns": NAMESPACE})
    add(root, "id", stable_id(feed.name))
    add(root, "title", feed.title)
    add(root, "subtitle", feed.subtitle)
    add(root, "updated", stamp(newest[0].updated if newest else NEVER))
    add(add(root, "author"), "name", feed.author)
    add(root, "link", rel="self", type="application/atom+xml", href=feed.address)
    add(root, "link", rel="alternate", type="text/html", href=feed.home)
    for item in newest:
        entry = add(root, "entry")
        add(entry, "id", stable_id(item.name))
        add(entry, "title", item.title)
        add(entry, "updated", stamp(item.updated))
        add(entry, "link", rel="alternate", type="text/html", href=item.link)
        for author in item.authors:
            add(add(entry, "author"), "name", author)
        add(entry, "summary", item.summary)
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def add(
    parent: ElementTree.Element, name: str, words: str = "", **attributes: str
) -> ElementTree.Element:
    """A new element at the end of another, with text that XML may hold."""
    element = ElementTree.SubElement(parent, name, attributes)
    if words:
        element.text = allowed(words)
    return element


def allowed(words: str) -> str:
    """Text without what XML has no way to write: controls and halves of characters."""
    return CONTROLS.sub("", words).encode("utf-8", "replace").decode("utf-8")


def stamp(moment: datetime) -> str:
    """A moment as RFC 3339 writes it, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
