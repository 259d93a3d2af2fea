"""The page of the reader's own lists; they are kept in the browser, so it is drawn there."""

from __future__ import annotations

from site_builder.html import join, tag
from site_builder.page import Page

LISTS = "lists/index.html"


def reader_lists() -> Page:
    """Title, what it is for, and the place where the lists are drawn."""
    words = (
        "Circuits, features and models that you saved. They stay in this browser; nobody else "
        "sees them unless you share an address or a file."
    )
    body = [
        tag("h1", {}, "Your lists"),
        tag("p", {"class": "lead"}, words),
        tag("noscript", {}, tag("p", {"class": "section-note"}, "Lists need scripts.")),
        tag("p", {"class": "lists-told", "role": "status"}),
        tag("div", {"class": "lists"}),
    ]
    return Page(
        path=LISTS,
        title="Your lists",
        head=join(body),
        layout="list",
        script="lists/lists_page.js",
    )
