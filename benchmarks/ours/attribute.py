"""One measured attribution by the atlas: python -m benchmarks.ours.attribute JOB.json.

The same as `benchmarks.peer.attribute` in this project's environment.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch

from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.scores import score
from atlas.methods.attribute import AttributionSettings, attribute
from atlas.models.checkpoints import circuit_tracer
from atlas.models.language_model import LanguageModel
from benchmarks.meter import Meter

WARM_UP = 8  # features; what is set up at the first call is no part of the figures


def main(job_file: str) -> None:
    """Load, warm up, measure, and write the graph where the job asks for it."""
    print(json.dumps(run(json.loads(Path(job_file).read_text()))))


def run(job: dict) -> dict[str, float]:
    """The figures of a job, whose graph is written where it asks for it."""
    torch.set_num_threads(job["threads"])
    model = LanguageModel.load(job["model"])
    dictionary = circuit_tracer.load(Path(job["transcoders"]))
    ids = np.array(job["ids"])
    attribute(model, dictionary, ids, AttributionSettings(max_feature_nodes=WARM_UP))
    settings = AttributionSettings(
        max_feature_nodes=job["max_feature_nodes"], rows_per_step=job["rows_per_step"]
    )
    with Meter() as meter:
        graph = attribute(model, dictionary, ids, settings)
    if job["graph"]:
        _write(graph, Path(job["graph"]))
    return meter.figures() | {"traced": len(graph.feature_nodes)}


def _write(graph: AttributionGraph, path: Path) -> None:
    """The graph with the peer's columns: features, errors, tokens; rows: features, logits."""
    nodes, header = graph.nodes, graph.header
    length = len(header.token_ids)
    errors, tokens = graph.nodes_of(NodeKind.ERROR), graph.nodes_of(NodeKind.TOKEN)
    logits, features = graph.nodes_of(NodeKind.LOGIT), graph.feature_nodes
    layers = int(nodes.layer[errors].max()) + 1
    dense = graph.rows.toarray()
    rows = np.zeros((len(dense), len(features) + (layers + 1) * length), dtype=np.float32)
    rows[:, : len(features)] = dense[:, features]
    place = len(features) + nodes.layer[errors].astype(np.int64) * length + nodes.position[errors]
    rows[:, place] = dense[:, errors]
    rows[:, len(features) + layers * length :] = dense[:, tokens]
    scores = score(graph)
    np.savez(
        path,
        selected=np.stack([nodes.layer, nodes.position, nodes.index], axis=1)[features],
        rows=rows,
        logits=nodes.index[logits],
        probabilities=nodes.value[logits],
        scores=np.array([scores.replacement, scores.graph_completeness]),
    )


if __name__ == "__main__":
    main(sys.argv[1])
