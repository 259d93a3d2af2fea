"""One measured pruning by circuit-tracer: python -m benchmarks.peer.prune JOB.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from circuit_tracer.attribution.targets import LogitTarget
from circuit_tracer.graph import Graph, prune_graph
from transformer_lens import HookedTransformerConfig

from benchmarks.layered_graph import Layered, places, rows
from benchmarks.meter import Meter


def main(job_file: str) -> None:
    """Make the graph, prune it, print the figures."""
    wanted = Layered(**json.loads(Path(job_file).read_text()))
    torch.set_num_threads(1)
    graph = made(wanted)
    with Meter() as meter:
        result = prune_graph(graph)
    figures = {"nodes": int(result.node_mask.sum()), "edges": int(result.edge_mask.sum())}
    print(json.dumps(meter.figures() | figures))


def made(wanted: Layered) -> Graph:
    """The graph as its dense square matrix."""
    size = wanted.sources + wanted.logits
    matrix = torch.zeros(size, size)
    for row, (sources, weights) in enumerate(rows(wanted)):
        target = row if row < wanted.features else row - wanted.features + wanted.sources
        matrix[target, torch.from_numpy(sources)] = torch.from_numpy(weights)
    layer, position = places(wanted)
    active = torch.tensor([layer, position, range(wanted.sources)])[:, : wanted.features].T
    config = HookedTransformerConfig(
        n_layers=wanted.layers, d_model=8, n_ctx=64, d_head=8, d_vocab=64, act_fn="relu"
    )
    return Graph(
        input_string="",
        input_tokens=torch.zeros(wanted.positions, dtype=torch.long),
        active_features=active,
        adjacency_matrix=matrix,
        cfg=config,
        selected_features=torch.arange(wanted.features),
        activation_values=torch.ones(wanted.features),
        logit_targets=[LogitTarget(token_str="", vocab_idx=each) for each in range(wanted.logits)],
        logit_probabilities=torch.from_numpy(wanted.probabilities),
        scan="made up",
    )


if __name__ == "__main__":
    main(sys.argv[1])
