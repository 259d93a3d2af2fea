"""How quickly the graph explorer shows a large graph and follows the reader."""

from __future__ import annotations

import pytest

from benchmarks.explorer import measure
from benchmarks.sparse_graph import sparse_graph
from site_builder.viewer_file import viewer_bytes
from tests.browser.explorer import opened

PIN_ONE_BY_ONE = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  for (let node = 0; node < 10; node++) {
    await frame();
    graphExplorer.pin(node);
  }
  await frame();
}"""
COUNT_READS = """async () => {
  const { answerWeights, scores } = await import('../assets/graph/data/flow.js');
  const { graph } = graphExplorer;
  let reads = 0;
  const get = (all, name) => { reads++; return all[name]; };
  const columns = new Proxy(graph.arrays.columns, { get });
  const pinned = new Uint8Array(graph.count);
  const pins = [...pinned.keys()].filter((node) => graph.kind(node) === 0).slice(0, 3);
  for (const node of pins) pinned[node] = 1;
  scores({ ...graph.arrays, columns }, answerWeights(graph.arrays), pinned);
  const rows = [...pins, ...graph.answers].map((node) => graph.inputs(node).length);
  const inputs = rows.reduce((sum, each) => sum + each, 0);
  return { reads, inputs, edges: graph.edgeCount };
}"""

pytestmark = pytest.mark.browser


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


def test_pinning_waits_for_no_styles(visit):
    """The browser finds the styles once a picture; a handler that asks for them makes it twice."""
    page = opened(visit)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before = styled(session)
    page.evaluate(PIN_ONE_BY_ONE)
    assert styled(session) - before < 16


def styled(session) -> int:
    """How often the page's styles were worked out."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return int({each["name"]: each["value"] for each in metrics}["RecalcStyleCount"])


def test_scores_of_pins_go_through_their_rows_alone(visit):
    found = opened(visit).evaluate(COUNT_READS)
    assert 0 < found["reads"] <= 2 * found["inputs"] < found["edges"]
