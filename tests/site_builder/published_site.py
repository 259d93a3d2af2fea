"""The example site as it is built where its address is known, under a sub-path."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from atlas.entries.library import Library
from site_builder.build import BuildSettings, BuiltSite, build
from tests.site_builder.built_site import example_library
from tests.site_builder.example_journal import write_journal
from tests.site_builder.example_notebook import write_results

ADDRESS = "https://atlas.example/some/path/"
REPOSITORY = Path(__file__).resolve().parents[2]


@cache
def published_site() -> BuiltSite:
    """The site, with one executed notebook and a journal, without a search index."""
    folder = Path(tempfile.mkdtemp(prefix="atlas-published-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return build(published_library(folder), published_settings(folder))


def published_library(folder: Path) -> Library:
    """The example library with an address of its own."""
    shutil.copytree(example_library().root, folder / "library")
    with_address(folder / "library")
    return Library.open(folder / "library")


def with_address(root: Path) -> None:
    """Give a library a site's address."""
    configuration = (REPOSITORY / "mkdocs.yml").read_text("utf-8")
    lines = configuration.replace("# site_url: https://example.org/atlas/", f"site_url: {ADDRESS}")
    assert lines != configuration
    (root / "mkdocs.yml").write_text(lines, "utf-8")


def published_settings(folder: Path) -> BuildSettings:
    """Where it is built."""
    library = example_library()
    journal = write_journal(folder / "journal", [*library.circuits, *library.features])
    results = write_results(folder / "results")
    return BuildSettings(folder / "site", folder / "work", results, journal, search=False)
