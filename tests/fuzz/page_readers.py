"""Readers in the browser: graphs and lists from files, states and lists from addresses.

Playwright throws what a reader throws, and whatever else the page complains about fails the next
read.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as some
from playwright.sync_api import Page

from atlas.errors import AtlasError
from atlas.graphs.graph import AttributionGraph
from atlas.graphs.neuronpedia_write import write_graph
from site_builder.viewer_file import viewer_bytes
from tests.fuzz.inputs import anything_like, json_like
from tests.fuzz.reader import MEBIBYTE, Reader

SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8")
SHOWN_OF = 5  # one of so many graphs and states that are read is drawn
LISTS: dict[str, Any] = {
    "version": 1,
    "lists": [
        {"name": "Saved", "items": [
            {"kind": "circuit", "id": "a-circuit", "title": "A circuit", "note": "why"},
            {"kind": "feature", "id": "small/transcoders/1-2", "title": "1-2", "note": ""},
        ]},
        {"name": "Empty", "items": []},
    ],
}  # fmt: skip
CLAIM = {
    "intervention": "off", "metric": "logit", "unit": "logits", "verdict": "supported",
    "steps": [{"part": "a-part", "action": "ablate", "factor": None, "value": None}],
    "rows": 240, "change": -0.7, "interval": [-0.8, -0.6], "comparable": True,
}  # fmt: skip
TABLE = b'list,kind,id,title,note\r\nSaved,circuit,a-circuit,"A ""circuit""",why\r\n'


def page_readers(page: Page, graph: AttributionGraph, folder: Path) -> dict[str, Reader]:
    """All readers of the page, which shows `graph`; `folder` is theirs to write in."""
    errors: list[object] = []
    page.on("pageerror", lambda error: errors.append(error))
    assets = page.evaluate("new URL('../assets', location.href).href")
    page.evaluate(SCRIPT, [assets, SHOWN_OF])
    read = _Reading(page, errors)
    session = page.context.new_cdp_session(page)

    def held() -> float:
        session.send("HeapProfiler.collectGarbage")
        return session.send("Runtime.getHeapUsage")["usedSize"] / MEBIBYTE

    def reader(name: str, good: bytes, inputs: some.SearchStrategy[bytes] | None = None) -> Reader:
        given = anything_like(good) if inputs is None else inputs
        return Reader(read.of(name), given, good, held)

    graph.save(folder / "graph.npz")
    write_graph(graph, folder / "graph.json", "a-graph")
    published = (folder / "graph.json").read_bytes()
    exported, lists = _own_json(page), json.dumps(LISTS).encode()
    measured = json.loads(exported) | {"claims": [CLAIM]}
    return {
        "the explorer's address": reader("state", _state(page)),
        "the explorer's file (.npz)": reader("graph", (folder / "graph.npz").read_bytes()),
        "the explorer's file (of the site)": reader(
            "graph", gzip.decompress(viewer_bytes(graph, {}))
        ),
        "the explorer's file (Neuronpedia JSON)": reader(
            "graph", published, json_like(json.loads(published))
        ),
        "the explorer's file (own JSON)": reader(
            "graph", json.dumps(measured).encode(), json_like(measured)
        ),
        "an address with a list": reader("list", _shared(page), json_like(LISTS).map(_as_address)),
        "a file of lists (JSON)": reader("lists", lists, json_like(LISTS)),
        "a file of lists (CSV)": reader("lists", TABLE),
    }


class _Reading:
    """Gives inputs to the page. Final."""

    def __init__(self, page: Page, errors: list[object]) -> None:
        self._page, self._errors = page, errors

    def of(self, name: str) -> Callable[[bytes], object]:
        """The reader of this name; addresses are text, files are sent as base64."""

        def read(content: bytes) -> object:
            words: Any = base64.b64encode(content).decode()
            if name in ("state", "list"):
                words = content.decode("utf-8", "replace")
            problem = self._page.evaluate("([n, words]) => pageReaders[n](words)", [name, words])
            assert self._errors == []
            if problem is not None:
                raise _Told(problem)
            return True

        return read


class _Told(AtlasError):
    """A problem in the page's words, as a line of the page."""

    def __init__(self, words: str) -> None:
        super().__init__("the page", "", words)

    def __str__(self) -> str:
        return " ".join(self.found.split())


def _state(page: Page) -> bytes:
    """An address with a little of everything."""
    one, two, three, *_ = page.evaluate("graphExplorer.graph.keys")
    return (
        f"node={one}&pins={one}+{two}&group={two}+{three}+0:A+group&hidden={three}&label={one}:A"
        "&nodes=0.8&edges=0.9&links=near&sign=raising&errors=no&view=10+-20+1.500&search=capital"
        f"&tab=paths&path={one}+{two}"
    ).encode()


def _as_address(content: bytes) -> bytes:
    """Packed as `share.js` does."""
    packing = zlib.compressobj(1, wbits=-15)
    return base64.urlsafe_b64encode(packing.compress(content) + packing.flush()).rstrip(b"=")


def _own_json(page: Page) -> bytes:
    """The graph as the explorer itself exports it."""
    call = """async () => {
      const { contentOf, ownJson } = await import('../assets/graph/exporting/export_tables.js');
      const { graph, store, influence } = graphExplorer;
      const meaning = (node) => graphExplorer.meaning(node);
      return ownJson(contentOf({ graph, store, influence, meaning }, false));
    }"""
    return page.evaluate(call).encode()


def _shared(page: Page) -> bytes:
    """What stands behind `#share=` for the first list."""
    call = """async (list) => {
      const { shareText } = await import('../assets/lists/share.js');
      return shareText(list);
    }"""
    return page.evaluate(call, LISTS["lists"][0]).encode()
