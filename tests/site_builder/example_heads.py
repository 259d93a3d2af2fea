"""A made-up split of an entry's graph by head, as a run leaves it among the results."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from atlas.entries.digests import file_digest
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.head_loadings import HeadLoadings


def write_heads(folder: Path, graph_file: Path) -> Path:
    """`heads.json` of a graph: each edge 60 % direct, 30 % through head 1.0, the rest elsewhere."""
    graph = AttributionGraph.load(graph_file)
    ends = graph.edges
    edges = np.flatnonzero(graph.nodes.kind[ends.sources] <= NodeKind.TOKEN)
    weights = ends.weights[edges].astype(np.float64)
    heads = np.zeros((len(edges), 2, 2))
    heads[:, 1, 0], heads[:, 0, 1] = 0.3 * weights, 0.08 * weights
    split = HeadLoadings(
        targets=ends.targets[edges].astype(np.int64),
        sources=ends.sources[edges].astype(np.int64),
        weights=weights,
        heads=heads,
        skips=np.stack([0.02 * weights, 0 * weights], axis=1),
        direct=0.6 * weights,
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "heads.json"
    shutil.copyfile(graph_file, folder / "graph.npz")
    values = {"graph": file_digest(graph_file), "edges": split.table(1)}
    path.write_text(json.dumps(values), encoding="utf-8")
    return path
