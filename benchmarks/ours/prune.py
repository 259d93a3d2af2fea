"""One measured pruning by the atlas: python -m benchmarks.ours.prune JOB.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from atlas.graphs.graph import AttributionGraph, GraphHeader, NodeKind, NodeTable
from atlas.graphs.prune import prune
from benchmarks.layered_graph import Layered, places, rows
from benchmarks.meter import Meter


def main(job_file: str) -> None:
    """Make the graph, prune it, print the figures."""
    wanted = Layered(**json.loads(Path(job_file).read_text()))
    graph = made(wanted)
    with Meter() as meter:
        pruned = prune(graph)
    is_logit = pruned.nodes.kind[pruned.row_nodes] == NodeKind.LOGIT
    kept = pruned.nodes.kind <= NodeKind.TOKEN
    figures = {
        "nodes": int(kept.sum() + is_logit.sum()),
        "edges": int(pruned.rows[:, np.flatnonzero(kept)].nnz),
    }
    print(json.dumps(meter.figures() | figures))


def made(wanted: Layered) -> AttributionGraph:
    """The graph with the atlas's own types."""
    weights = [np.empty(0, np.float32)]
    columns, counts = [np.empty(0, np.int32)], [0]
    for sources, values in rows(wanted):
        columns.append(sources.astype(np.int32))
        weights.append(values)
        counts.append(len(sources))
    nodes = nodes_of(wanted)
    pointers = np.cumsum(counts).astype(np.int32)
    shape = (wanted.features + wanted.logits, len(nodes))
    matrix = csr_array((np.concatenate(weights), np.concatenate(columns), pointers), shape=shape)
    logits = wanted.sources + np.arange(wanted.logits)
    row_nodes = np.concatenate([np.arange(wanted.features), logits]).astype(np.int32)
    return AttributionGraph(nodes, matrix, row_nodes, None, header_of(wanted))


def header_of(wanted: Layered) -> GraphHeader:
    """What the graph says of its origin."""
    return GraphHeader("made up", "made up", "", ("word",) * wanted.positions)


def nodes_of(wanted: Layered) -> NodeTable:
    """The graph's nodes in the order of the columns."""
    layer, position = places(wanted)
    sizes = [wanted.features, wanted.layers * wanted.positions, wanted.positions, wanted.logits]
    kinds = [NodeKind.FEATURE, NodeKind.ERROR, NodeKind.TOKEN, NodeKind.LOGIT]
    last = np.full(wanted.logits, wanted.positions - 1)
    index = np.concatenate([np.arange(wanted.features), np.zeros(sizes[1] + sizes[2], int)])
    value = np.zeros(sum(sizes), np.float32)
    value[wanted.sources :] = wanted.probabilities
    return NodeTable(
        kind=np.repeat([int(kind) for kind in kinds], sizes).astype(np.int8),
        layer=np.concatenate([layer, np.full(wanted.logits, -1)]).astype(np.int16),
        position=np.concatenate([position, last]).astype(np.int32),
        index=np.concatenate([index, np.arange(wanted.logits)]).astype(np.int32),
        value=value,
        label=("",) * sum(sizes),
    )


if __name__ == "__main__":
    main(sys.argv[1])
