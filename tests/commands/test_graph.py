"""`atlas graph` on files: what it writes, what it says, and one line for what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest

from atlas.cli import main
from atlas.graphs.attention_json import score_values
from atlas.graphs.circuit_completeness import circuit_completeness
from atlas.graphs.graph import AttributionGraph
from atlas.graphs.neuronpedia_json import ExportSettings, GraphPart, write_graph
from tests.graphs.hand_graphs import small_graph
from tests.graphs.hand_scores import small_score
from tests.graphs.random_graphs import random_graph
from tests.graphs.test_neuronpedia_attention import a_graph


@pytest.fixture
def atlas(monkeypatch, capsys):
    """Runs a command line; gives (exit code, stdout, stderr)."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["atlas", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return run


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "dallas.npz"
    random_graph(1, features=60, layers=5).save(path)
    return path


def test_pruning_says_what_it_kept_and_writes_a_closed_graph(atlas, saved, tmp_path):
    code, out, _ = atlas("graph", "prune", saved, "--node-threshold", "0.5")
    pruned = AttributionGraph.load(tmp_path / "dallas.pruned.npz")
    before = AttributionGraph.load(saved)
    assert code == 0
    assert f"kept {len(pruned.nodes)} of {len(before.nodes)} nodes" in out
    assert "dropped share" in out and "->" in out
    assert len(pruned.nodes) < len(before.nodes)
    np.testing.assert_allclose(pruned.closure_gap(), 0, atol=1e-4)


def test_a_file_that_was_not_named_is_never_overwritten(atlas, saved, tmp_path):
    other = tmp_path / "dallas.pruned.npz"
    other.write_bytes(b"precious")
    code, _, err = atlas("graph", "prune", saved)
    assert code == 1 and "--out" in err
    assert other.read_bytes() == b"precious"
    assert atlas("graph", "prune", saved, "-o", other)[0] == 0


def test_scores_are_printed_as_text_and_as_json(atlas, saved):
    _, text, _ = atlas("graph", "scores", saved)
    code, out, _ = atlas("graph", "scores", saved, "--format", "json")
    found = json.loads(out)
    assert code == 0
    assert f"replacement {found['replacement']:.3f}" in text
    shares = [found[f"{name}_share"] for name in ("token", "error", "constant", "dropped")]
    assert sum(shares) == pytest.approx(1)


def test_scores_say_how_complete_the_parts_are(atlas, tmp_path):
    path = tmp_path / "small.json"
    write_graph(small_graph(), path, "small", ExportSettings(parts=(GraphPart("first", (0,)),)))
    _, out, _ = atlas("graph", "scores", path, "--format", "json")
    expected = asdict(circuit_completeness(small_graph(), {"first": np.array([0])}))
    assert json.loads(out)["parts"] == pytest.approx(expected)
    _, text, _ = atlas("graph", "scores", path)
    assert f"circuit completeness {expected['circuit_completeness']:.3f}" in text
    write_graph(small_graph(), path, "small")
    _, text, _ = atlas("graph", "scores", path)
    assert "circuit completeness" not in text


def test_the_parts_of_a_circuit_are_found_in_its_graph(atlas, saved, repository):
    name = "microworld-subject-verb-agreement"
    graph = repository / "circuits" / name / "graph.npz"
    code, text, _ = atlas("graph", "scores", graph, "--circuit", name)
    assert code == 0
    assert "circuit completeness" in text
    code, _, err = atlas("graph", "scores", saved, "--circuit", name)
    assert code == 1
    assert "the graph of a prompt of" in err
    assert atlas("graph", "scores", graph, saved, "--circuit", name)[0] == 2


def test_scores_of_several_graphs_are_a_table(atlas, saved, tmp_path):
    other = tmp_path / "other.npz"
    small_graph().save(other)
    code, text, _ = atlas("graph", "scores", saved, other)
    head, first, second = text.splitlines()
    assert code == 0 and head.split()[:3] == ["graph", "replacement", "graph"]
    assert first.startswith(str(saved)) and second.startswith(str(other))
    _, out, _ = atlas("graph", "scores", saved, other, "--format", "json")
    assert set(json.loads(out)) == {str(saved), str(other)}
    assert f"{json.loads(out)[str(other)]['replacement']:.3f}" in second
    assert atlas("graph", "scores")[0] == 2


def test_show_lists_the_strongest_nodes_and_edges(atlas, tmp_path):
    path = tmp_path / "graph.npz"
    small_graph().save(path)
    _, text, _ = atlas("graph", "show", path, "--top", "2")
    assert "8 nodes (2 features, 1 error, 2 tokens, 1 constant, 2 logits); 12 edges" in text
    assert "' Austin' 0.750, ' Boston' 0.250" in text
    assert "+4.000  feature 1-3 at position 1 'Dallas' -> logit ' Austin'" in text
    _, out, _ = atlas("graph", "show", path, "--top", "1", "--format", "json")
    summary = json.loads(out)
    assert (len(summary["nodes"]), len(summary["edges"])) == (1, 1)
    assert summary["largest_closure_gap"] == 0


def test_exporting_and_importing_gives_the_same_graph(atlas, saved, tmp_path):
    code, out, _ = atlas("graph", "export", saved)
    assert code == 0 and "dallas.json" in out
    code, out, _ = atlas("graph", "import", tmp_path / "dallas.json", "-o", tmp_path / "back.npz")
    assert code == 0 and "repaired" not in out
    assert (tmp_path / "back.npz").read_bytes() == saved.read_bytes()


def test_an_imported_graph_can_be_shown_directly(atlas, tmp_path):
    write_graph(small_graph(), tmp_path / "graph.json", "a-slug")
    code, out, _ = atlas("graph", "show", tmp_path / "graph.json")
    assert code == 0 and "closed to 0.0e+00" in out


def test_a_published_graph_is_imported_with_its_repairs(atlas, shared_data, tmp_path):
    source = shared_data / "graphs" / "gemma_plt_ea-dallas.json"
    code, out, _ = atlas("graph", "import", source, "-o", tmp_path / "graph.npz")
    assert code == 0
    assert "repaired: 124 links of weight 0 were left out" in out
    assert "closure is unknown" in out


def broken_npz(path, **changes):
    small_graph().save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(path, **(arrays | changes))
    return path


def broken_json(path, change):
    write_graph(small_graph(), path, "a-slug")
    values = json.loads(path.read_text("utf-8"))
    del values["metadata"]["atlas"]
    change(values)
    path.write_text(json.dumps(values), "utf-8")
    return path


def truncated(tmp_path):
    path = tmp_path / "truncated.npz"
    small_graph().save(path)
    path.write_bytes(path.read_bytes()[:700])
    return path


def with_nan(tmp_path):
    weights = small_graph().rows.data.copy()
    weights[3] = np.nan
    return broken_npz(tmp_path / "nan.npz", weights=weights)


def with_cycle(tmp_path):
    # The feature of layer 1 now feeds that of layer 0, which feeds it.
    columns = small_graph().rows.indices.astype(np.int32)
    columns[0] = 1
    return broken_npz(tmp_path / "cycle.npz", columns=columns)


def with_cycle_in_json(tmp_path):
    link = {"source": "1_3_1", "target": "0_7_1", "weight": 1.0}
    return broken_json(tmp_path / "cycle.json", lambda values: values["links"].append(link))


def with_colliding_ids(tmp_path):
    def collide(values):
        # Both features get the id 0_7_1, and their links with it.
        for node in values["nodes"]:
            if node["node_id"] == "1_3_1":
                node["node_id"] = "0_7_1"
        for link in values["links"]:
            link |= {end: link[end].replace("1_3_1", "0_7_1") for end in ("source", "target")}

    return broken_json(tmp_path / "collision.json", collide)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (truncated, "it may be truncated"),
        (with_nan, "finite weights"),
        (with_cycle, "no cycle"),
        (with_cycle_in_json, "no cycle"),
        (with_colliding_ids, "one node of that id"),
        (lambda folder: folder / "missing.npz", "no such file"),
    ],
)
@pytest.mark.parametrize("verb", ["show", "scores", "prune", "export"])
def test_a_broken_file_gives_one_line_and_exit_code_1(atlas, tmp_path, make, message, verb):
    path = make(tmp_path)
    code, out, err = atlas("graph", verb, path)
    assert (code, out) == (1, "")
    assert err.startswith("atlas: ") and err.count("\n") == 1
    assert message in err and path.name in err


def test_a_threshold_that_is_no_share_and_a_missing_folder_are_refused(atlas, saved, tmp_path):
    code, _, err = atlas("graph", "prune", saved, "--node-threshold", "2")
    assert code == 1 and "a share from 0 to 1" in err
    code, _, err = atlas("graph", "export", saved, "-o", tmp_path / "none" / "graph.json")
    assert code == 1 and "a folder that exists" in err


def test_from_the_shell_a_broken_file_shows_no_traceback(tmp_path):
    path = truncated(tmp_path)
    words = [sys.executable, "-m", "atlas", "graph", "scores", str(path)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1 and "Traceback" not in ended.stderr


def test_attention_scores_travel_with_the_graph(atlas, tmp_path):
    graph, score = tmp_path / "graph.npz", tmp_path / "score.json"
    a_graph().save(graph)
    score.write_text(json.dumps(score_values(small_score())), "utf-8")
    code, out, _ = atlas("graph", "export", graph, "--qk", score)
    assert code == 0 and "attention of 1_head3_2_1" in out
    exported = tmp_path / "graph.json"
    code, out, _ = atlas("graph", "import", exported, "-o", tmp_path / "again.npz")
    written = tmp_path / "again.1_head3_2_1.json"
    assert code == 0 and f"attention score written to {written}" in out
    assert json.loads(written.read_text("utf-8")) == json.loads(score.read_text("utf-8"))
    code, out, _ = atlas(
        "graph", "export", exported, "-o", tmp_path / "third.json", "--slug", "graph"
    )
    assert code == 0
    assert (tmp_path / "third.json").read_bytes() == exported.read_bytes()
