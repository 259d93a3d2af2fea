"""What a reader marks in the explorer becomes a draft entry that passes the check."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from atlas.entries.checks import check
from atlas.entries.library import Library
from atlas.entries.rules.table import severity_of
from tests.browser.explorer import ADDRESS, opened
from tests.site_builder.built_site import example_library

pytestmark = pytest.mark.browser

MARK = """(label) => {
  const { store, graph } = graphExplorer;
  const features = [...graph.arrays.kind.keys()].filter((node) => graph.kind(node) === 0);
  const free = features.filter((node) => graph.partOf[node] < 0);
  store.change({
    groups: [...store.state.groups, { label, nodes: free.slice(0, 3), part: -1 },
      { label, nodes: free.slice(3, 5), part: -1 }],
    pins: [free[6], free[7], graph.bestAnswer()],
    labels: new Map([[free[6], label], [free[8], 'said of one node only']]),
  });
}"""
LABELS = (
    "plain words",
    'quotes " and \\ and : # [x] {y} - ? | > % @ `',
    "<img src=x onerror=hack()></script>",
    "\u202eright to left\u200b\ufeff and \u0007 a bell\ud83d",
    "مدينة في تكساس",
    "word " * 200,
    "'",
    "  ",
)


def fetched(page: Page, name: str) -> bytes:
    """The file that a button gives."""
    with page.expect_download() as waited:
        page.get_by_role("button", name=name, exact=True).click()
    return Path(waited.value.path()).read_bytes()


def test_the_draft_passes_the_check_whatever_the_labels(visit, tmp_path, repository):
    page = opened(visit, f"{ADDRESS}#tab=contribute")
    page.get_by_label("Your name").fill("A. Reader: “x”")
    page.get_by_label("Your account name").fill("a-reader")
    root = tmp_path / "library"
    shutil.copytree(example_library().root, root)
    shutil.copytree(repository / "notebooks", root / "notebooks")
    paths = []
    for number, label in enumerate(LABELS):
        page.get_by_label("Id of the new entry").fill(f"my-circuit-{number}")
        page.evaluate(MARK, label)
        folder = root / "circuits" / f"my-circuit-{number}"
        folder.mkdir()
        (folder / "circuit.yaml").write_bytes(fetched(page, "circuit.yaml"))
        (folder / "prompts.jsonl").write_bytes(fetched(page, "prompts.jsonl"))
        paths.append(folder / "circuit.yaml")
        page.get_by_role("button", name="Undo").click()
    library = Library.open(root)
    report = check(library, paths)
    assert [str(one) for one in report.problems if severity_of(one.code) != "information"] == []
    circuit = library.circuits["my-circuit-0"]
    assert circuit.curators[0].name == "A. Reader: “x”"
    assert [part.label for part in circuit.parts[-4:-2]] == ["plain words"] * 2
    assert len(circuit.parts) == 8  # four of the entry, two groups, two pins
    assert circuit.parts[0].id == "city"
    assert any((edge.source, edge.sign) == ("city", "positive") for edge in circuit.edges)
    assert "said of one node only" in circuit.story


def test_a_change_elsewhere_leaves_a_reader_in_the_field_and_the_buttons_in_place(visit):
    page = opened(visit, f"{ADDRESS}#tab=contribute")
    pressed = page.get_by_role("button", name="circuit.yaml", exact=True).element_handle()
    page.get_by_label("Title").focus()
    page.evaluate(MARK, "from elsewhere")
    expect(page.get_by_label("The draft entry")).to_contain_text("from elsewhere")
    expect(page.get_by_label("Title")).to_be_focused()
    assert pressed.evaluate("(button) => button.isConnected")


def test_a_site_with_a_repository_opens_the_draft_as_a_new_file(visit):
    page = opened(visit)
    expect(page.locator(".contribute-panel a.tool")).to_have_count(0)
    page.get_by_role("tab", name="Contribute").click()
    expect(page.locator(".contribute-panel")).to_contain_text("names no repository")
    address = """async (repository) => {
      const { newFileAddress } = await import('../assets/graph/contributing/contribute_panel.js');
      return newFileAddress(repository, 'my-circuit', 'a: "b & c"\\n');
    }"""
    found = urlsplit(page.evaluate(address, "https://github.com/example/atlas/"))
    assert found.netloc + found.path == "github.com/example/atlas/new/main/circuits/my-circuit"
    wanted = {"filename": ["circuit.yaml"], "value": ['a: "b & c"\n']}
    assert parse_qs(found.query) == wanted
    assert page.evaluate(address, "javascript:alert(1)//x/y") == ""


def test_what_a_reader_marked_is_there_on_the_next_visit(visit):
    made = visit()
    page = made.open(ADDRESS)
    page.wait_for_selector(".explorer[data-ready]")
    expect(page.locator(".explorer-message")).to_be_empty()
    page.evaluate(MARK, "mine")
    page.wait_for_timeout(100)
    page.goto(f"{made.base}/{ADDRESS}")
    page.wait_for_selector(".explorer[data-ready]")
    page.get_by_role("button", name="Go on where you were").click()
    assert page.evaluate("graphExplorer.store.state.groups.at(-1).label") == "mine"
    assert page.url.count("#") == 1
