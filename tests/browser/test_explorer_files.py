"""Files of the reader's own in the explorer: every dialect, our own formats, broken ones."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from atlas.errors import GraphError
from atlas.graphs.graph import AttributionGraph
from atlas.graphs.neuronpedia_read import read_imported
from atlas.graphs.neuronpedia_write import write_graph
from tests.browser.explorer import ADDRESS, READY, opened, the_graph

pytestmark = pytest.mark.browser

CONTENT = """() => {
  const { arrays, parts } = graphExplorer.graph;
  const columns = {};
  for (const name of ['kind', 'layer', 'position', 'index', 'columns', 'targets', 'weights']) {
    columns[name] = [...arrays[name]];
  }
  return { ...columns, parts: parts.map((part) => part.label) };
}"""


def open_file(page: Page, path: Path) -> dict:
    """What the explorer shows of a file."""
    page.evaluate("document.querySelector('.explorer').removeAttribute('data-ready')")
    page.get_by_label("A graph file of your own").set_input_files(path)
    expect(page.locator(READY)).to_be_attached()
    return page.evaluate(CONTENT)


def edges_of(content: dict) -> dict[tuple, float]:
    """Weights by what their two ends are."""
    places = list(
        zip(*(content[name] for name in ("kind", "layer", "position", "index")), strict=True)
    )
    links = zip(content["columns"], content["targets"], content["weights"], strict=True)
    return {(places[source], places[target]): weight for source, target, weight in links}


def edges_in(graph: AttributionGraph) -> dict[tuple, float]:
    """The same of a graph that Python has read."""
    nodes, edges = graph.nodes, graph.edges
    names = ("kind", "layer", "position", "index")
    columns = {name: getattr(nodes, name).tolist() for name in names}
    return edges_of(
        columns
        | {
            "columns": edges.sources.tolist(),
            "targets": edges.targets.tolist(),
            "weights": edges.weights.tolist(),
        }
    )


def test_published_files_read_as_in_python(visit, shared_data):
    page = visit().open("graph/index.html")
    read = 0
    for path in sorted((shared_data / "graphs").glob("*.json")):
        try:
            imported = read_imported(path)
        except GraphError:
            continue
        content = open_file(page, path)
        assert edges_of(content) == pytest.approx(edges_in(imported.graph), rel=1e-6), path.name
        assert content["parts"] == [part.label for part in imported.parts], path.name
        if imported.repairs:
            expect(page.locator(".explorer-message")).to_contain_text(path.name)
        read += 1
    assert read > 4


def test_our_own_formats_are_the_same_graph(visit, tmp_path):
    graph = the_graph()
    graph.save(tmp_path / "graph.npz")
    write_graph(graph, tmp_path / "shared.json", "a-slug")
    page = opened(visit, f"{ADDRESS}#tab=export")
    wanted = edges_of(page.evaluate(CONTENT))
    with page.expect_download() as waited:
        page.get_by_role("button", name="JSON", exact=True).click()
    waited.value.save_as(tmp_path / "own.json")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    assert edges_of(open_file(page, tmp_path / "own.json")) == pytest.approx(wanted, rel=1e-6)
    assert edges_of(open_file(page, tmp_path / "graph.npz")) == pytest.approx(wanted, rel=1e-6)
    shared = edges_of(open_file(page, tmp_path / "shared.json"))
    visible = {ends: weight for ends, weight in wanted.items() if ends[0][0] not in (3, 4)}
    assert shared == pytest.approx(visible)
    assert set(asked) <= {"GET"}  # scripts only: nothing of the file is sent
    page.go_back()
    page.go_back()
    page.go_back()
    expect(page.locator("h1")).to_contain_text("From a city to its state")


def sound() -> dict:
    """A small file with an attention feature and its pairs."""

    def node(node_id, kind, layer, position, feature, clerp="", **more):
        fields = {"node_id": node_id, "feature_type": kind, "layer": layer, "ctx_idx": position}
        fields |= {"feature": feature, "jsNodeId": node_id, "clerp": clerp}
        return {**fields, "influence": 0.1, "activation": 2.0, "token_prob": 0, **more}

    pairs = {
        "pair_wise_contributors": [["E_5_1", "E_4_0", 0.75]],
        "top_q_marginal_contributors": [],
        "top_k_marginal_contributors": [],
    }
    return {
        "metadata": {"slug": "own", "scan": "m", "prompt": "a b", "prompt_tokens": ["a", "b"]},
        "qParams": {"pinnedIds": ["1_lor_7_1"], "supernodes": [["<b>group</b>", "0_cro_3_1"]]},
        "nodes": [
            node("E_4_0", "embedding", "E", 0, 0),
            node("E_5_1", "embedding", "E", 1, 1),
            node("0_cro_3_1", "cross layer transcoder", "0", 1, 9, "</script><img onerror=hack()>"),
            node("1_lor_7_1", "lorsa", "1", 1, 35, qk_tracing_results=pairs),
            node("1_error_attn_1", "lorsa error", "1", 1, None),
            node("3_2_1", "logit", "3", 1, 2, 'Output "c" (p=0.5)', token_prob=0.5),
        ],
        "links": [
            {"source": "E_5_1", "target": "0_cro_3_1", "weight": 1.0},
            {"source": "E_4_0", "target": "1_lor_7_1", "weight": -0.5},
            {"source": "0_cro_3_1", "target": "1_lor_7_1", "weight": 2.0},
            {"source": "1_lor_7_1", "target": "3_2_1", "weight": 1.5},
            {"source": "1_error_attn_1", "target": "3_2_1", "weight": 0.5},
        ],
    }


def test_attention_features_are_triangles_with_their_pairs(visit, tmp_path):
    (tmp_path / "own.json").write_text(json.dumps(sound()))
    page = visit().open("graph/index.html")
    content = open_file(page, tmp_path / "own.json")
    assert content["kind"] == [2, 2, 0, 6, 7, 5]
    assert content["parts"] == ["<b>group</b>"]
    page.evaluate("graphExplorer.select(3)")
    panel = page.locator(".node-pane")
    expect(panel).to_contain_text("attention feature 1-7")
    expect(panel.locator(".pair-table")).to_contain_text("0.75")
    way = page.locator(".node-title .glyph path").get_attribute("d") or "a"
    assert "a" not in way  # no circle
    assert way.count("L") == 2
    assert page.evaluate("window.hacked") is None


BREAKS = {
    "no metadata": lambda file: file.pop("metadata"),
    "nodes that are none": lambda file: file.update(nodes=[3]),
    "a position outside": lambda file: file["nodes"][2].update(ctx_idx=9),
    "no weight": lambda file: file["links"][0].update(weight=None),
    "two weights": lambda file: file["links"].append({**file["links"][0], "weight": 3.0}),
    "a link into a token": lambda file: file["links"].append(
        {"source": "0_cro_3_1", "target": "E_4_0", "weight": 1.0}
    ),
    "a cycle": lambda file: file["links"].append(
        {"source": "1_lor_7_1", "target": "0_cro_3_1", "weight": 1.0}
    ),
    "the same node twice": lambda file: file["nodes"].append(
        {**file["nodes"][2], "node_id": "0_3_1"}
    ),
}


def test_a_file_that_is_none_is_refused_in_one_line(visit, tmp_path):
    page = visit().open("graph/index.html")
    good = json.dumps(sound())
    files = {"text.json": b"hello", "half.json": good.encode()[:200], "list.json": b"[1]"}
    files |= {"zip.npz": b"PK\x03\x04" + b"\0" * 40, "packed.gz": b"\x1f\x8b\x08" + b"\0" * 30}
    short = io.BytesIO()
    with zipfile.ZipFile(short, "w") as archive:
        archive.writestr("nodes_kind.npy", b"\x93NUMPY\x02\x00" + b"\0" * 3)
    files["short.npz"] = short.getvalue()
    for name, spoil in BREAKS.items():
        broken = json.loads(good)
        spoil(broken)
        files[f"{name}.json"] = json.dumps(broken).encode()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        page.get_by_label("A graph file of your own").set_input_files(tmp_path / name)
        problem = page.locator(".explorer-problem", has_text=name)
        expect(problem, name).to_contain_text("expected")
        assert "\n" not in problem.inner_text()
        assert np.isin(len(problem.inner_text()), range(20, 400))


def test_a_dropped_file_opens(visit):
    page = visit().open("graph/index.html")
    drop = """(text) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], 'dropped.json'));
      for (const name of ['dragover', 'drop']) {
        document.body.dispatchEvent(
          new DragEvent(name, { dataTransfer: transfer, bubbles: true, cancelable: true }));
      }
    }"""
    page.evaluate(drop, json.dumps(sound()))
    expect(page.locator(READY)).to_be_attached()
    expect(page.locator(".shown-words")).to_contain_text("6 of 6 nodes")


def test_a_closed_graph_hears_no_more_keys(visit, tmp_path):
    (tmp_path / "own.json").write_text(json.dumps(sound()))
    page = opened(visit)
    page.evaluate("window.first = graphExplorer")
    open_file(page, tmp_path / "own.json")
    before = page.evaluate("[JSON.stringify(first.store.state), history.length]")
    page.locator(".node-stop[tabindex='0']").focus()
    page.keyboard.press("h")
    page.wait_for_function("graphExplorer.store.state.hidden.length === 1")
    page.wait_for_timeout(50)
    after = page.evaluate("[JSON.stringify(first.store.state), history.length]")
    assert after == [before[0], before[1] + 1]
