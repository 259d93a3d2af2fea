"""Graph files that other people published."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from atlas.graphs.graph import NodeKind
from atlas.graphs.neuronpedia_json import (
    ExportSettings,
    read_graph,
    read_imported,
    write_graph,
)
from atlas.graphs.scores import score

PUBLISHED = {
    # name: (nodes, edges, features, logits, first words of each repair)
    "gemma_clt_fact-dallas-austin": (415, 4944, 304, 10, []),
    "gemma_clt_meow_small": (76, 374, 44, 10, []),
    "gemma_plt_3plus5": (558, 22789, 463, 8, []),
    # 124 zero weights, among them one self-link and 23 that lead backwards.
    "gemma_plt_ea-dallas": (352, 4440, 260, 10, ["124 links of weight 0"]),
    # 0_2_1 is feature 2 of layer 0 and the error of layer 2.
    "gemma_plt_mexico-peso-dollar": (829, 40249, 705, 10, ["1 ids, such as 0_2_1", "79 links"]),
    # Pins and supernodes hold display ids; no influence, no activations.
    "haiku_capital-state-dallas": (94, 2205, 71, 1, []),
    # Dense 16 x 16; what is cyclic in it has weight 0. No logits.
    "llama_clt_dallas-austin_16nodes-256links": (16, 101, 16, 0, ["155 links of weight 0"]),
    "llama_clt_dallas-austin_21nodes-1link": (21, 1, 0, 10, []),
    "llama_clt_dallas-austin_258": (258, 9603, 188, 10, []),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_files_are_read_whole_and_come_back_from_our_writer(shared_data, tmp_path, name):
    imported = read_imported(shared_data / "graphs" / f"{name}.json")
    graph = imported.graph
    nodes, edges, features, logits, repairs = PUBLISHED[name]
    assert (len(graph.nodes), graph.rows.nnz) == (nodes, edges)
    assert (len(graph.feature_nodes), len(graph.logit_nodes)) == (features, logits)
    assert len(imported.repairs) == len(repairs)
    for found, expected in zip(imported.repairs, repairs, strict=True):
        assert found.startswith(expected)
    if edges > 10_000:
        return  # writing adds seconds and no new case
    write_graph(graph, tmp_path / "again.json", imported.slug, ExportSettings(parts=imported.parts))
    again = read_imported(tmp_path / "again.json")
    assert again.graph.equals(graph)
    assert (again.parts, again.repairs) == (imported.parts, ())


def test_a_published_score_is_reproduced(shared_data):
    """The evolutionary pruning of this file stored its fitness, completeness, as the threshold."""
    path = shared_data / "graphs/gemma_plt_ea-dallas.json"
    published = json.loads(path.read_text("utf-8"))["metadata"]["node_threshold"]
    assert score(read_graph(path)).graph_completeness == pytest.approx(published, abs=1e-6)


def test_the_supernodes_of_a_published_graph_become_parts(shared_data):
    imported = read_imported(shared_data / "graphs/haiku_capital-state-dallas.json")
    sizes = {part.label: len(part.nodes) for part in imported.parts}
    assert sizes == {
        "capital": 9,
        "state": 5,
        "say a capital": 6,
        "Dallas": 10,
        "say Austin": 6,
        "Texas-related": 12,
    }
    kinds = Counter(int(imported.graph.nodes.kind[node]) for node in imported.pinned)
    assert kinds == {NodeKind.FEATURE: 48, NodeKind.LOGIT: 1}
