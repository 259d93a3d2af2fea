"""The explorer's graph file: what it holds and how small it is."""

import gzip
import json
import struct

import numpy as np

from atlas.graphs.graph import AttributionGraph
from atlas.graphs.neuronpedia_write import write_graph
from benchmarks.sparse_graph import sparse_graph
from site_builder.viewer_file import MAGIC, viewer_bytes
from tests.site_builder.built_site import built_site, example_library

TYPES = {
    "uint8": "<u1", "uint16": "<u2", "uint32": "<u4",
    "int16": "<i2", "int32": "<i4", "float32": "<f4",
}  # fmt: skip


def parsed(packed: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """Header and arrays, read as the file's description says."""
    content = gzip.decompress(packed)
    assert content[:8] == MAGIC
    length, zero = struct.unpack("<II", content[8:16])
    assert (length % 8, zero) == (0, 0)
    header = json.loads(content[16 : 16 + length])
    arrays = {}
    for name, place in header["arrays"].items():
        assert place["offset"] % 8 == 0
        arrays[name] = np.frombuffer(
            content, TYPES[place["type"]], place["length"], 16 + length + place["offset"]
        )
    return header, arrays


def test_the_file_says_which_answers_are_no_tokens():
    graph = sparse_graph(700, 9000, layers=5, positions=9)
    first, *others = graph.logit_nodes.tolist()
    numbers = graph.nodes.index
    graph.header.provenance["d_vocab"] = int(numbers[first]) + 1
    wanted = [node for node in others if numbers[node] > numbers[first]]
    assert parsed(viewer_bytes(graph, {}))[0]["other_targets"] == wanted
    assert wanted


def test_the_file_holds_the_whole_graph():
    graph = sparse_graph(700, 9000, layers=5, positions=9)
    header, arrays = parsed(viewer_bytes(graph, {"title": "ä </script>"}))
    assert header["title"] == "ä </script>"
    assert header["tokens"] == list(graph.header.tokens)
    for name in ("kind", "layer", "position", "index", "value"):
        assert np.array_equal(arrays[name], getattr(graph.nodes, name))
    assert np.array_equal(arrays["row_nodes"], graph.row_nodes)
    assert np.array_equal(arrays["row_pointers"], graph.rows.indptr)
    assert np.array_equal(arrays["weights"], graph.rows.data)
    assert np.array_equal(arrays["lost"], graph.lost_mass)
    for row in range(graph.rows.shape[0]):
        part = slice(graph.rows.indptr[row], graph.rows.indptr[row + 1])
        assert np.array_equal(np.cumsum(arrays["columns"][part]), graph.rows.indices[part])


def test_the_same_graph_gives_the_same_bytes():
    graph = sparse_graph(300, 2000, layers=3, positions=5)
    assert viewer_bytes(graph, {"a": 1}) == viewer_bytes(graph, {"a": 1})


def test_it_is_at_most_a_third_of_the_packed_json(tmp_path):
    graph = sparse_graph(2000, 40_000)
    write_graph(graph, tmp_path / "graph.json", "made-up")
    packed = gzip.compress((tmp_path / "graph.json").read_bytes(), 6, mtime=0)
    assert len(viewer_bytes(graph, {})) <= len(packed) / 3


def test_a_built_entry_has_parts_features_and_its_citation():
    folder = built_site().folder / "circuits" / "microworld-states-and-capitals"
    header, arrays = parsed((folder / "graph.bin").read_bytes())
    library = example_library()
    graph = AttributionGraph.load(library.graph_path(library.circuits[header["entry"]]))
    assert len(arrays["kind"]) == len(graph.nodes)
    assert [part["id"] for part in header["parts"]] == [
        part.id for part in library.circuits[header["entry"]].parts
    ]
    assert all(part["nodes"] for part in header["parts"])
    page = built_site().folder / "graph" / header["features"]["2-117"]["page"]
    assert page.resolve().is_file()
    assert "@misc{atlas-microworld-states-and-capitals" in header["citation"]
