"""A graph of 64,000 nodes, made up: scored, pruned, saved and loaded within 4 GB of memory.

OMP_NUM_THREADS=1 python -m benchmarks.large_graph [EDGES_PER_ROW …]

60,000 features in 26 layers and 148 positions, 3,848 errors, 148 tokens, 10 logits. Rows of a real
trace of this size are sparse once each keeps 99.9 % of its sum; here they have this many edges.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int
from scipy.sparse import csr_array

from atlas.graphs.graph import AttributionGraph
from atlas.graphs.prune import prune
from atlas.graphs.scores import score
from benchmarks.jobs import ROOT
from benchmarks.layered_graph import Layered, places
from benchmarks.ours.prune import header_of, nodes_of

SIZE = Layered(features=60_000, layers=26, positions=148)
EDGES_PER_ROW = (400, 1_000)
LIMIT = 4 * 10**9  # bytes of resident memory, libraries and the graph included
MEBIBYTE = 1 << 20


@dataclass
class Stage:
    """Times what is done in it and prints seconds and the highest memory so far."""

    name: str

    def __enter__(self) -> None:
        """Start."""
        self.started = time.process_time()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        seconds = time.process_time() - self.started
        print(f"| {self.name} | {seconds:.2f} CPU s | {peak() / MEBIBYTE:,.0f} MiB |", flush=True)


def main(wanted: list[int]) -> None:
    """Each size in a process of its own; fails where one needs more memory than the limit."""
    for edges in wanted:
        measured = [sys.executable, "-m", "benchmarks.large_graph", "--one", str(edges)]
        subprocess.run(measured, cwd=ROOT, check=True)


def one(edges: int) -> None:
    """Make, score, prune, save and load a graph in this process."""
    with Stage(f"made, {edges} edges per row"):
        graph = made(SIZE, edges)
    print(f"| {len(graph.nodes):,} nodes, {graph.rows.nnz:,} edges | | |")
    with Stage("scores"):
        score(graph)
    with Stage("pruned"):
        pruned = prune(graph)
    print(f"| kept {len(pruned.nodes):,} nodes, {pruned.rows.nnz:,} edges | | |")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.npz"
        with Stage("saved"):
            graph.save(path)
        print(f"| file of {path.stat().st_size / MEBIBYTE:,.0f} MiB | | |")
        first = json.dumps([graph.rows.nnz, float(graph.rows.data[:1000].sum())])
        del graph, pruned
        with Stage("loaded"):
            graph = AttributionGraph.load(path)
    if json.dumps([graph.rows.nnz, float(graph.rows.data[:1000].sum())]) != first:
        raise SystemExit("the loaded graph is another")
    if peak() > LIMIT:
        raise SystemExit(f"{peak():,} bytes, more than {LIMIT:,}")


def peak() -> int:
    """The highest resident memory of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def made(wanted: Layered, edges: int) -> AttributionGraph:
    """A graph whose rows have about so many edges each, fewer where fewer sources can have one."""
    drawn = np.random.default_rng(wanted.seed)
    layer, position = places(wanted)
    strength = np.exp(1.5 * drawn.standard_normal(wanted.sources))
    at_place = _sources_by_place(layer[: -wanted.positions], position[: -wanted.positions])
    height = wanted.features + wanted.logits
    columns = np.empty(height * edges, np.int32)
    weights = np.empty(height * edges, np.float32)
    pointers, end = np.zeros(height + 1, np.int64), 0
    for row in range(height):
        is_logit = row >= wanted.features
        below = wanted.layers if is_logit else int(layer[row])
        upto = wanted.positions if is_logit else int(position[row]) + 1
        sources = [wanted.sources - wanted.positions + np.arange(upto)]
        if below:
            place = drawn.integers(below, size=edges), drawn.integers(upto, size=edges)
            sources.append(at_place[(*place, drawn.integers(at_place.shape[2], size=edges))])
        found = np.unique(np.concatenate(sources))[:edges]
        here = slice(end, end + len(found))
        columns[here] = found
        weights[here] = drawn.standard_normal(len(found)) ** 3 * strength[found]
        end = pointers[row + 1] = here.stop
    columns.resize(end, refcheck=False)
    weights.resize(end, refcheck=False)
    nodes = nodes_of(wanted)
    rows = csr_array((weights, columns, pointers), shape=(height, len(nodes)))
    logits = wanted.sources + np.arange(wanted.logits)
    row_nodes = np.concatenate([np.arange(wanted.features), logits]).astype(np.int32)
    return AttributionGraph(nodes, rows, row_nodes, None, header_of(wanted))


def _sources_by_place(
    layer: Int[np.ndarray, " source"], position: Int[np.ndarray, " source"]
) -> Int[np.ndarray, "layer position some_source"]:
    """As many sources of each layer and position as the place that has the fewest."""
    order = np.lexsort((position, layer))
    place = layer[order] * (position.max() + 1) + position[order]
    counts = np.bincount(place)
    first = np.cumsum(counts) - counts
    table = order[first[:, None] + np.arange(counts.min())]
    return table.reshape(layer.max() + 1, position.max() + 1, -1)


if __name__ == "__main__":
    given = sys.argv[1:]
    if given[:1] == ["--one"]:
        one(int(given[1]))
    else:
        main([int(edges) for edges in given] or list(EDGES_PER_ROW))
