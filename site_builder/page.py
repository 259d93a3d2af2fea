"""A page as data, and the Markdown file that stands for it in the site's source.

Section titles are ours and plain, so they are Markdown headings and appear in the page's table of
contents; everything else is HTML on one line per section, which Markdown passes through.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from site_builder.html import Html, text

DESCRIPTION_LENGTH = 200  # characters; search engines show about 160


@dataclass(frozen=True)
class Section:
    """A titled part of a page; the title is one of ours, never text of an entry."""

    title: str
    anchor: str
    body: Html


@dataclass(frozen=True)
class Page:
    """One page: where it lies, what stands at its top, and its sections."""

    path: str  # from the site's root, ends in .html
    title: str
    head: Html
    sections: Sequence[Section] = ()
    layout: str = "entry"  # entry | list | home | search
    description: str = ""
    script: str = ""  # modules under assets/ that the page loads, separated by spaces
    edit: str = ""  # the file in the repository that the page is made from
    linked_data: str = ""  # JSON-LD that can stand in a script element
    card: str = ""  # web address of the picture that other sites show; "": that of the site


def front_matter(page: Page) -> str:
    """The page's fields for the theme, escaped here because the theme does not escape them."""
    fields = {
        "title": text(page.title),
        "description": text(page.description[:DESCRIPTION_LENGTH]),
        "layout": page.layout,
        "script": page.script,
        "edit": page.edit,
        "linked_data": page.linked_data,
        "card": text(page.card),
    }
    lines = [
        f"{name}: {json.dumps(value, ensure_ascii=False)}"
        for name, value in fields.items()
        if value
    ]
    return "\n".join(["---", *lines, "---"])


def markdown(page: Page) -> str:
    """The page's Markdown file."""
    parts = [front_matter(page), f'<div class="page-head">{page.head}</div>']
    for section in page.sections:
        parts.append(f"## {section.title} {{#{section.anchor}}}")
        parts.append(f'<div class="section section-{section.anchor}">{section.body}</div>')
    return "\n\n".join(parts) + "\n"


def write_page(page: Page, source: Path) -> Path:
    """Write the page's Markdown under the folder of the site's source and give its path."""
    if ".." in PurePosixPath(page.path).parts:
        raise ValueError(f"a page outside the site: {page.path}")
    target = source / PurePosixPath(page.path).with_suffix(".md")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(markdown(page), encoding="utf-8", newline="\n")
    return target
