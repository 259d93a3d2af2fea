"""Where each page lies in the site, and relative links between pages.

Every link is relative and names a file, so the site works under any sub-path, behind any static
host, and opened from a folder.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

HOME = "index.html"
SEARCH = "search.html"
EXPLORER = "graph/index.html"
STATUS = "status/index.html"
COMPARE = "compare/index.html"
MAP = "map/index.html"
PROBLEM_CODES = "guide/problems.html"


def circuit_page(circuit: str) -> str:
    """The page of a circuit."""
    return f"circuits/{circuit}/index.html"


def notebook_page(entry_page: str) -> str:
    """The page of the executed notebook of an entry, beside the entry's own page."""
    return posixpath.join(posixpath.dirname(entry_page), "notebook.html")


def feature_page(feature: str) -> str:
    """The page of a feature, from its full id `<model>/<dictionary>/<layer>-<index>`."""
    return f"features/{feature}/index.html"


def any_feature_page(feature: str) -> str:
    """Where the dashboard of any feature is drawn from its shard, from its full id."""
    return f"features/index.html?id={feature}"


def model_page(model: str) -> str:
    """The page of a model."""
    return f"models/{model}/index.html"


def explorer_link(circuit: str) -> str:
    """The explorer's page with a circuit's graph."""
    return f"{EXPLORER}?entry={circuit}"


def map_page(model: str, dictionary: str) -> str:
    """The map of the circuits on one dictionary, where there are several."""
    return f"map/{model}/{dictionary}/index.html"


def compare_link(left: str, right: str) -> str:
    """The page with two features, by full ids, or two circuits side by side."""
    return f"{COMPARE}?left={left}&right={right}"


def list_page(kind: str, facet: str | None = None, value: str | None = None, page: int = 1) -> str:
    """A list of entries: all of a kind, or those with one value of a facet; one page of it."""
    folder = kind if facet is None else f"{kind}/by-{facet}/{value}"
    return f"{folder}/index.html" if page == 1 else f"{folder}/page-{page}.html"


def page_after(path: str, number: int) -> str:
    """The address of a later page of what begins at `path`: `parts.html`, `parts-2.html`."""
    stem, ending = posixpath.splitext(path)
    return path if number == 1 else f"{stem}-{number}{ending}"


def relative(source: str, target: str) -> str:
    """The link from the page at `source` to the file at `target`, both from the site's root."""
    path, mark, anchor = target.partition("#")
    if path == source and mark:
        return f"#{anchor}"
    way = posixpath.relpath(path, posixpath.dirname(source) or ".")
    return f"{way}{mark}{anchor}"


def unique_anchor(wanted: str, taken: Iterable[str]) -> str:
    """An anchor that is not among those taken: the wanted one, else with a number."""
    used = set(taken)
    if wanted not in used:
        return wanted
    number = 2
    while f"{wanted}-{number}" in used:
        number += 1
    return f"{wanted}-{number}"
