"""One measured attribution by circuit-tracer: python -m benchmarks.peer.attribute JOB.json.

Runs in the peer's environment. The last line of output is the figures, as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from circuit_tracer import attribute
from circuit_tracer.graph import compute_graph_scores

from benchmarks.meter import Meter
from benchmarks.peer.loading import load

WARM_UP = 8  # features; what is set up at the first call is no part of the figures


def main(job_file: str) -> None:
    """Load, warm up, measure, and write the graph where the job asks for it."""
    job = json.loads(Path(job_file).read_text())
    torch.set_num_threads(job["threads"])
    model = load(Path(job["model"]), Path(job["transcoders"]))
    ids = torch.tensor(job["ids"])
    attribute(ids, model, batch_size=min(WARM_UP, job["batch"]), max_feature_nodes=WARM_UP)
    with Meter() as meter:
        graph = attribute(
            ids,
            model,
            batch_size=job["batch"],
            max_feature_nodes=job["max_feature_nodes"],
            # As many rows between two rankings, whatever the batch.
            update_interval=max(1, job["rows_per_step"] // job["batch"]),
        )
    if job["graph"]:
        _write(graph, Path(job["graph"]))
    active, traced = len(graph.active_features), len(graph.selected_features)
    print(json.dumps(meter.figures() | {"active": active, "traced": traced}))


def _write(graph, path: Path) -> None:
    traced, logits = len(graph.selected_features), len(graph.logit_targets)
    rows = torch.cat([graph.adjacency_matrix[:traced], graph.adjacency_matrix[-logits:]])
    np.savez(
        path,
        active=graph.active_features.numpy(),
        selected=graph.selected_features.numpy(),
        rows=rows[:, :-logits].numpy(),
        logits=np.array([target.vocab_idx for target in graph.logit_targets]),
        probabilities=graph.logit_probabilities.numpy(),
        scores=np.array(compute_graph_scores(graph)),
    )


if __name__ == "__main__":
    main(sys.argv[1])
