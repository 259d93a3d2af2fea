"""How quickly the graph explorer shows a large graph and follows the reader."""

from __future__ import annotations

import pytest

from benchmarks.explorer import measure
from benchmarks.sparse_graph import sparse_graph
from site_builder.viewer_file import viewer_bytes

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("site")]


@pytest.mark.slow
def test_a_large_graph_is_quick(visit):
    """5,000 nodes and 100,000 edges, all nodes shown; other load makes single runs slower."""
    file = viewer_bytes(sparse_graph(5000, 100_000), {})
    made = visit()
    limits = {"shown": 1000, "hover": 16, "pan": 16, "pin": 16, "scores": 100}
    best = dict.fromkeys(limits, float("inf"))
    for _ in range(3):
        speed = measure(made.page, made.base, file)
        found = {"shown": speed.shown, **speed.percentiles}
        best = {name: min(best[name], found[name]) for name in limits}
        if all(best[name] <= limits[name] for name in limits):
            break
        made.page.goto("about:blank")
    assert {name: best[name] for name in limits if best[name] > limits[name]} == {}
