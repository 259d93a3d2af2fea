"""The example library and the site built from it, once per run of the tests."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from atlas.entries.library import Library
from site_builder.build import BuildSettings, BuiltSite, build
from tests.site_builder.example_dashboards import write_dashboards
from tests.site_builder.example_heads import write_heads
from tests.site_builder.example_journal import write_journal
from tests.site_builder.example_library import write_library
from tests.site_builder.example_notebook import ENTRY, write_results

CIRCUITS = 12


@cache
def example_library() -> Library:
    """A library of made-up entries, hostile ones among them."""
    folder = Path(tempfile.mkdtemp(prefix="atlas-example-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Library.open(write_library(folder / "library", CIRCUITS))


@cache
def built_site() -> BuiltSite:
    """The site of the example library, with one executed notebook and one graph split by head."""
    library = example_library()
    folder = library.root.parent
    results = write_results(folder / "results")
    write_heads(results / ENTRY, library.graph_path(library.circuits[ENTRY]))
    journal = write_journal(folder / "journal", [*library.circuits, *library.features])
    settings = BuildSettings(
        folder / "site",
        folder / "work",
        results,
        journal,
        dashboards=write_dashboards(folder / "dashboards"),
    )
    return build(library, settings)


class PageReader(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, name, values):
        self.elements.append((name, {key: value or "" for key, value in values}))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)

    @property
    def anchors(self) -> set[str]:
        return {values["id"] for _, values in self.elements if "id" in values}

    def addresses(self) -> list[tuple[str, str]]:
        """Every address that the page names, with the element that names it."""
        return [
            (name, values[key])
            for name, values in self.elements
            for key in ("href", "src", "action", "data-graph", "data-catalog", "data-search")
            if key in values
        ]
