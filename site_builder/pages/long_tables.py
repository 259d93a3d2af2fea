"""Tables that are longer than a screen: their beginning stands in the entry's page, all of it here.

The pages are plain lists, so they read without scripts, and their words are not in the search
index twice. None has more than 200 rows, and none is heavier than an entry's page may be.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from site_builder.address import page_after, relative
from site_builder.html import Html, foreign, join, tag
from site_builder.numbers import whole
from site_builder.page import Page
from site_builder.tables import table

PAGE_ROWS = 200
PAGE_BYTES = 46_000  # of rows; header, tables' heads and footer take some thousand more


@dataclass(frozen=True)
class LongTable:
    """One whole table."""

    anchor: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Html, ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class LongPages:
    """Where the tables of an entry stand in full."""

    entry: str  # the entry's own page
    entry_title: str
    name: str  # of the file, without number and ending
    title: str
    attributes: Mapping[str, str | None]  # of the element around the tables


@dataclass(frozen=True)
class Piece:
    """Some rows of a table, those from `first` on."""

    whole: LongTable
    first: int
    rows: tuple[Html, ...]


def cut(tables: Sequence[LongTable]) -> list[list[Piece]]:
    """The tables' rows, page by page."""
    pages: list[list[Piece]] = [[]]
    rows = size = 0
    for each in tables:
        start = 0
        for at, row in enumerate(each.rows):
            length = len(row.encode())
            if rows and (rows == PAGE_ROWS or size + length > PAGE_BYTES):
                if at > start:
                    pages[-1].append(Piece(each, start, each.rows[start:at]))
                pages.append([])
                start, rows, size = at, 0, 0
            rows, size = rows + 1, size + length
        pages[-1].append(Piece(each, start, each.rows[start:]))
    return [page for page in pages if page]


def long_pages(about: LongPages, tables: Sequence[LongTable]) -> list[Page]:
    """The pages; none where there are no tables."""
    pages = cut(tables)
    return [one_page(about, pieces, at + 1, len(pages)) for at, pieces in enumerate(pages)]


def places(about: LongPages, tables: Sequence[LongTable]) -> dict[str, str]:
    """Where each table begins, by its anchor: a link from the entry's page."""
    found: dict[str, str] = {}
    for at, pieces in enumerate(cut(tables)):
        link = relative(about.entry, address(about, at + 1))
        for piece in pieces:
            found.setdefault(piece.whole.anchor, f"{link}#{piece.whole.anchor}")
    return found


def address(about: LongPages, number: int) -> str:
    """The address of one page of the tables."""
    return page_after(posixpath.join(posixpath.dirname(about.entry), f"{about.name}.html"), number)


def one_page(about: LongPages, pieces: Sequence[Piece], number: int, total: int) -> Page:
    """Some of the tables, with the way back and to the other pages."""
    path = address(about, number)
    back = tag("a", {"href": relative(path, about.entry)}, foreign(about.entry_title))
    title = about.title if number == 1 else f"{about.title}, page {number}"
    links = [
        tag(
            "a",
            {
                "href": relative(path, address(about, each)),
                "aria-current": "page" if each == number else None,
            },
            each,
        )
        for each in range(1, total + 1)
    ]
    body = [
        tag("nav", {"class": "breadcrumb", "aria-label": "Breadcrumb"}, back),
        tag("h1", {}, title),
        tag("div", about.attributes, *map(block, pieces)),
        tag("nav", {"class": "pager", "aria-label": "Pages"}, *links) if total > 1 else "",
    ]
    return Page(path=path, title=f"{about.entry_title}: {title}", head=join(body), layout="list")


def block(piece: Piece) -> Html:
    """Rows of one table under its title."""
    known = piece.whole
    heading: list[object] = [foreign(known.title)]
    if len(piece.rows) < len(known.rows):
        last = piece.first + len(piece.rows)
        heading.append(f" ({whole(piece.first + 1)}–{whole(last)} of {whole(len(known.rows))})")
    shown = table(known.columns, piece.rows, known.numeric)
    return join([tag("h2", {"id": known.anchor}, *heading), shown])
