"""How fast the graph explorer is in a real browser, on made-up graphs.

python -m benchmarks.explorer SITE [NODES/EDGES …]

SITE is a built site. Each graph is sent to the explorer's page in place of an entry's; the page's
own marks say how long it took: from the file's bytes until the picture stands, and handler plus
drawing for hover, pan and pin, which includes the scores (95th percentiles). Frames are the times
between pictures that the browser showed while the pointer moved.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from atlas.graphs.graph import AttributionGraph
from atlas.graphs.neuronpedia_write import write_graph
from benchmarks.sparse_graph import sparse_graph
from site_builder.serve import make_server
from site_builder.viewer_file import viewer_bytes
from tests.browser.find_browser import INSTRUCTION, find_browser
from tests.browser.serving import serving

SIZES = ("5000/100000", "20000/400000")
ENTRY = "benchmark"
MOVES = 60
PINS = 25
COLUMNS = ("shown", "hover", "pan", "zoom", "pin", "scores")


@dataclass(frozen=True)
class Speed:
    """Milliseconds, by what the reader did."""

    shown: float  # once
    percentiles: dict[str, float]  # the 95th, of what was done many times
    frame: float  # the 95th percentile of the time between two pictures


def main(site: str, sizes: list[str]) -> None:
    """Print a row for each size."""
    path = find_browser()
    if path is None:
        sys.exit(INSTRUCTION)
    print("| nodes / edges | file, of its JSON | " + " | ".join(COLUMNS) + " | frame |")
    print("|---" * (len(COLUMNS) + 3) + "|")
    with serving(make_server(Path(site), 0)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for size in sizes:
            graph = sparse_graph(*map(int, size.split("/")))
            file = viewer_bytes(graph, {})
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            speed = measure(page, address, file)
            page.close()
            figures = [speed.shown, *(speed.percentiles[name] for name in COLUMNS[1:]), speed.frame]
            share = len(file) / json_size(graph)
            cells = " | ".join(f"{each:.0f} ms" for each in figures)
            print(f"| {size} | {len(file) / 1e6:.2f} MB, {share:.2f} | {cells} |", flush=True)
        browser.close()


def measure(page: Page, address: str, file: bytes) -> Speed:
    """Open the graph, all nodes shown, point at nodes, move the picture, pin."""
    page.route(
        f"**/circuits/{ENTRY}/graph.bin",
        lambda route: route.fulfill(body=file, content_type="application/octet-stream"),
    )
    page.goto(f"{address}/graph/index.html?entry={ENTRY}#nodes=1")
    page.wait_for_selector(".explorer[data-ready]", timeout=60_000)
    page.evaluate(WATCH_FRAMES)
    box = page.locator(".link-view").bounding_box()
    if box is None:
        raise RuntimeError("the explorer has no picture")
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    point_around(page, box)
    page.mouse.move(*middle)
    page.mouse.down()
    for step in range(MOVES):
        page.mouse.move(middle[0] + 1.5 * step, middle[1] + 40 * np.sin(step / 9))
    page.mouse.up()
    for step in range(20):
        page.mouse.wheel(0, -40 if step < 10 else 40)
    frames = page.evaluate("window.frameTimes")
    features = page.evaluate(f"[...graphExplorer.graph.arrays.kind.keys()].slice(0, {PINS})")
    for node in features:
        page.evaluate("node => graphExplorer.pin(node)", node)
        page.wait_for_timeout(120)
    found = durations(page)
    ninety_fifth = {name: percentile(found[name]) for name in COLUMNS[1:]}
    return Speed(found["shown"][0], ninety_fifth, percentile(frames))


WATCH_FRAMES = """() => {
  window.frameTimes = [];
  let last = performance.now();
  const tick = (now) => {
    window.frameTimes.push(now - last);
    last = now;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""


def point_around(page: Page, box: Any) -> None:
    """Move the pointer over the whole picture."""
    for step in range(MOVES):
        across = 0.05 + 0.9 * ((step * 0.37) % 1)
        along = 0.1 + 0.7 * ((step * 0.61) % 1)
        page.mouse.move(box["x"] + across * box["width"], box["y"] + along * box["height"])


def durations(page: Page) -> dict[str, list[float]]:
    """The page's own measures by name, in milliseconds."""
    found: dict[str, list[float]] = {name: [] for name in COLUMNS}
    entries = "performance.getEntriesByType('measure').map((each) => [each.name, each.duration])"
    for name, duration in page.evaluate(entries):
        found.setdefault(name.removeprefix("graph:"), []).append(duration)
    return found


def percentile(times: list[float]) -> float:
    """The 95th percentile; not a number where there are none."""
    return float(np.percentile(times, 95)) if times else float("nan")


def json_size(graph: AttributionGraph) -> int:
    """Bytes of the same graph in the shared JSON format, packed with gzip."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.json"
        write_graph(graph, path, "made-up")
        return len(gzip.compress(path.read_bytes(), 6, mtime=0))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:] or list(SIZES))
