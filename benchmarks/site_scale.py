"""What a large site costs to build, how many files it has, and what its searches send.

python -m benchmarks.site_scale 100:0 300:20000 5000:1000000

Each size is `circuits:features`: made-up circuits (a quarter as many curated features with them)
and made-up features that only the index knows, both written by the tests' own generators. A build
runs in a process of its own; its memory is that of the largest process, mkdocs and Pagefind
included. The texts of the made-up features are generated while they are indexed, and count.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from playwright.sync_api import sync_playwright

from atlas.entries.library import Library
from site_builder.build import BuildSettings, build
from site_builder.feature_search.build import FOLDER
from site_builder.feature_search.index_files import write_index
from site_builder.find_data import FIND_FILE
from site_builder.serve import make_server
from tests.browser.byte_log import length_by_address
from tests.browser.find_browser import INSTRUCTION, find_browser
from tests.browser.serving import serving
from tests.site_builder.example_library import write_library
from tests.site_builder.feature_search.made_up_features import features, groups, vocabulary

SIZES = ("100:0", "300:20000", "5000:1000000")
GROUPS = 12  # layers of made-up dictionaries
VOCABULARY = 60_000  # words; labels of real features have tens of thousands
PAGE_QUERIES = ("state", "capital of the state", "example circuit")
FEATURE_QUERIES = ("city", "cities making", "c", "agreeing house", "hoouse")


@dataclass
class Scale:
    """What one size took."""

    circuits: int
    features: int
    page_seconds: float = 0.0  # wall, of the pages with their search
    index_seconds: float = 0.0  # wall, of the index of features
    cpu_seconds: float = 0.0  # of all processes
    memory: int = 0  # MB, of the largest process
    files: dict[str, int] = field(default_factory=dict)
    first_search: int = 0  # bytes, of Pagefind
    titles: int = 0  # bytes, of find.json
    feature_queries: dict[str, tuple[int, int, float]] = field(default_factory=dict)


def build_one(circuits: int, many: int, folder: Path) -> tuple[float, float]:
    """Build a site with an index of made-up features; the wall seconds of both."""
    library = Library.open(write_library(folder / "library", circuits))
    start = time.perf_counter()
    build(library, BuildSettings(folder / "site", folder / "work"))
    middle = time.perf_counter()
    if many:
        known = groups(many // GROUPS, GROUPS // 4)
        texts = features(sum(each.features for each in known), vocabulary(VOCABULARY))
        write_index(known, texts, folder / "site" / FOLDER)
        path = folder / "site" / FIND_FILE
        found = json.loads(path.read_text("utf-8")) | {"feature_index": True}
        path.write_text(json.dumps(found, ensure_ascii=False, separators=(",", ":")), "utf-8")
    return middle - start, time.perf_counter() - middle


def measure(circuits: int, many: int, folder: Path) -> Scale:
    """Build in another process, count the files, and search in a browser."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "benchmarks.site_scale", "--build", str(folder)]
    command += [str(circuits), str(many)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    pages, index = json.loads(said.splitlines()[-1])
    scale = Scale(circuits, many, pages, index)
    scale.cpu_seconds = sum(
        getattr(after, each) - getattr(before, each) for each in ("ru_utime", "ru_stime")
    )
    scale.memory = after.ru_maxrss // 1024
    scale.files = count_files(folder / "site")
    search(folder / "site", scale)
    return scale


def count_files(site: Path) -> dict[str, int]:
    """The site's files by what they are for; notebooks and graphs are apart."""
    names = {"pages": ".html", "page search": "pagefind", "feature search": FOLDER}
    counts = dict.fromkeys((*names, "others"), 0)
    for path in site.rglob("*"):
        if path.is_file():
            top = path.relative_to(site).parts[0]
            kind = next((name for name, each in names.items() if each in (top, path.suffix)), None)
            counts[kind or "others"] += 1
    return counts


def search(site: Path, scale: Scale) -> None:
    """Type into the search box of a guide's page, and ask the index, with a log of bytes."""
    path = find_browser()
    if path is None:
        sys.exit(INSTRUCTION)
    with serving(make_server(site, 0)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        received: dict[str, int] = {}
        page = browser.new_page()
        page.on("response", lambda answer: received.update(length_by_address(answer)))
        page.goto(f"{address}/guide/index.html")
        page.locator("#site-search").focus()
        page.keyboard.type(PAGE_QUERIES[0])
        page.get_by_role("group", name="Text of pages").wait_for(timeout=60_000)
        page.wait_for_load_state("networkidle")
        scale.first_search = sum(size for each, size in received.items() if "/pagefind/" in each)
        scale.titles = sum(size for each, size in received.items() if each.endswith(FIND_FILE))
        for words in FEATURE_QUERIES if scale.features else ():
            received.clear()
            took = page.evaluate(ASK, words)
            sent = [size for each, size in received.items() if FOLDER in each]
            scale.feature_queries[words] = (len(sent), sum(sent), took)
        browser.close()


ASK = """async (words) => {
  const code = new URL("../assets/search/feature_index.js", location.href);
  const { FeatureIndex } = await import(code);
  const start = performance.now();
  const index = await FeatureIndex.open(new URL("../feature_index/index.json", location.href));
  await index.search(words, { limit: 8 });
  return performance.now() - start;
}"""


def main(sizes: Sequence[str]) -> None:
    """Measure each size and print it."""
    for size in sizes:
        circuits, many = map(int, size.split(":"))
        with tempfile.TemporaryDirectory(prefix="atlas-scale-") as folder:
            print(json.dumps(asdict(measure(circuits, many, Path(folder)))), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--build"]:
        print(json.dumps(build_one(int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[2]))))
    else:
        main(sys.argv[1:] or SIZES)
