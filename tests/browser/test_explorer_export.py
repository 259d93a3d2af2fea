"""What leaves the explorer as a file, read by other programs."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from atlas.graphs.graph import NodeKind
from atlas.graphs.neuronpedia_read import read_imported
from tests.browser.explorer import ADDRESS, opened, the_graph

pytestmark = pytest.mark.browser

SCHEMA = Path(__file__).resolve().parents[2] / "schema" / "neuronpedia-graph.schema.json"


@pytest.fixture
def page(visit):
    return opened(visit, f"{ADDRESS}#tab=export")


def fetched(page: Page, name: str, row: int = 0) -> Path:
    """The file that a button gives."""
    with page.expect_download() as waited:
        page.get_by_role("button", name=name, exact=True).nth(row).click()
    return waited.value.path()


def rows_of(page: Page, name: str) -> list[dict[str, str]]:
    """The rows of a table that a button gives."""
    with fetched(page, name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_tables_have_every_node_and_edge(page):
    graph = the_graph()
    nodes = rows_of(page, "Nodes (CSV)")
    assert len(nodes) == len(graph.nodes)
    assert {row["kind"] for row in nodes} >= {"feature", "token", "answer"}
    edges = rows_of(page, "Edges (CSV)")
    assert np.allclose([float(row["weight"]) for row in edges], graph.rows.data)
    page.get_by_label("only what is shown").check()
    fewer = rows_of(page, "Edges (CSV)")
    assert len(fewer) == page.evaluate("graphExplorer.edges.edges.length") < len(edges)


def test_no_cell_is_run_as_a_formula(page):
    page.evaluate("graphExplorer.store.change({ labels: new Map([[0, '=cmd()']]) })")
    page.get_by_role("tab", name="Export").click()
    text = fetched(page, "Nodes (CSV)").read_text(encoding="utf-8")
    assert ",'=cmd()," in text


def test_the_shared_format_is_valid_and_reads_back_as_the_same_graph(page):
    graph = the_graph()
    page.evaluate("graphExplorer.store.change({ pins: [3], labels: new Map([[3, 'my own']]) })")
    path = fetched(page, "Neuronpedia JSON")
    values = json.loads(path.read_text(encoding="utf-8"))
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(values)
    imported = read_imported(path)
    assert imported.repairs == ()
    assert [part.label for part in imported.parts] == page.evaluate(
        "graphExplorer.store.state.groups.map((group) => group.label)"
    )
    kept = ~np.isin(graph.nodes.kind, (NodeKind.CONSTANT, NodeKind.DROPPED))
    for name in ("kind", "layer", "position", "index"):
        assert np.array_equal(getattr(imported.graph.nodes, name), getattr(graph.nodes, name)[kept])
    assert np.allclose(imported.graph.rows.toarray(), graph.rows[:, kept].toarray())
    assert imported.graph.nodes.label[3] == "my own"


def test_the_page_of_an_entry_leads_to_the_files_of_its_graph(visit):
    page = visit().open("circuits/microworld-states-and-capitals/index.html")
    page.locator(".section-data").get_by_role("link", name="Graph", exact=True).click()
    expect(page.get_by_role("tab", name="Export")).to_have_attribute("aria-selected", "true")
    link = page.get_by_role("link", name="Neuronpedia’s graph validator")
    assert link.get_attribute("href") == "https://www.neuronpedia.org/graph/validator"


def test_graphml_has_the_graph(page):
    graph = the_graph()
    page.evaluate("graphExplorer.store.change({ labels: new Map([[0, 'a\\u0001 <b> & c']]) })")
    page.get_by_role("tab", name="Export").click()
    root = ElementTree.fromstring(fetched(page, "GraphML").read_text(encoding="utf-8"))
    space = {"g": "http://graphml.graphdrawing.org/xmlns"}
    assert len(root.findall(".//g:node", space)) == len(graph.nodes)
    assert len(root.findall(".//g:edge", space)) == graph.rows.nnz
    first = root.find(".//g:node", space)
    assert first.find("g:data[@key='label']", space).text == "a <b> & c"


def test_our_json_has_columns_and_groups(page):
    values = json.loads(fetched(page, "JSON").read_text(encoding="utf-8"))
    graph = the_graph()
    assert len(values["nodes"]["kind"]) == len(graph.nodes)
    assert np.allclose(values["edges"]["weight"], graph.rows.data)
    assert [group["label"] for group in values["groups"]][0] == "the city"


def test_pictures_have_legend_caption_and_citation(page):
    text = fetched(page, "SVG").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    words = " ".join("".join(element.itertext()) for element in root.iter() if element.text)
    for wanted in ("raises", "lowers", "From a city to its state", "nodes shown", "LLM Circuits"):
        assert wanted in words
    lines = [each for each in root.iter() if each.tag.endswith("}line")]
    assert len(lines) > page.evaluate("graphExplorer.edges.edges.length")
    assert "var(" not in text
    assert "light-dark" not in text
    pinned = ElementTree.fromstring(fetched(page, "SVG", 1).read_text(encoding="utf-8"))
    assert any("the city" in (element.text or "") for element in pinned.iter())
    for row in (0, 1):
        content = fetched(page, "PNG", row).read_bytes()
        assert content.startswith(b"\x89PNG")
        assert int.from_bytes(content[16:20]) >= 1000  # pixels across
