"""A model of Gemma-2's kind is traced from its files in less memory than it would take."""

from __future__ import annotations

import numpy as np
import pytest

from atlas.graphs.graph import AttributionGraph
from atlas.models.shapes import dictionary_shape, model_shape
from benchmarks.gemma_2_2b_shape import Shape, trace, write

# Most of it is the vocabulary, as in Gemma-2-2B.
SMALL = Shape(
    layers=6, width=512, heads=4, kv_heads=2, head=128, mlp=2048, vocabulary=60_000, features=2048
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(SMALL, tmp_path_factory.mktemp("shaped"))


@pytest.mark.slow
def test_streaming_saves_most_of_the_model_and_gives_the_same_graph(folder):
    options = ["--max-feature-nodes", "100"]
    found = {}
    for name, more in (("plain", []), ("streamed", ["--stream"])):
        out = ["--out", str(folder / f"{name}.npz")]
        found[name] = trace(folder, [*options, *more, *out], tokens=8)["own_bytes"]
    in_full = 4 * sum(each.numbers for each in model_shape(folder / "model").tensors)
    assert in_full > 150e6
    assert found["plain"] - found["streamed"] > 0.5 * in_full
    graphs = [AttributionGraph.load(folder / f"{name}.npz") for name in found]
    assert graphs[0].nodes == graphs[1].nodes or np.array_equal(
        graphs[0].nodes.index, graphs[1].nodes.index
    )
    rows = [graph.rows.toarray() for graph in graphs]
    assert np.abs(rows[0] - rows[1]).max() <= 1e-5 * np.abs(rows[0]).max()


@pytest.mark.slow
def test_about_as_many_features_are_active_as_in_published_transcoders(folder):
    nodes = AttributionGraph.load(folder / "plain.npz").header.provenance["tracing"]
    per_token = nodes["active_features"] / (SMALL.layers * 7)
    assert 45 < per_token < 65


def test_the_default_sizes_are_gemma_2_2bs_and_gemma_scopes(folder):
    """2.6 billion parameters, of which 0.6 billion are the embedding, as its card says."""
    shape = Shape()
    layer = 2 * shape.width * shape.head * (shape.heads + shape.kv_heads)
    layer += 3 * shape.width * shape.mlp
    assert shape.layers * layer + shape.vocabulary * shape.width == pytest.approx(2.614e9, rel=1e-3)
    sizes = model_shape(folder / "model")
    assert (sizes.layers, sizes.d_mlp, sizes.d_head) == (SMALL.layers, SMALL.mlp, SMALL.head)
    assert sizes.post_norms
    assert dictionary_shape(folder / "transcoders").features == SMALL.features
