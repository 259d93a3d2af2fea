"""The sweep against an autograd oracle on the microworld: seconds, difference, closure.

OMP_NUM_THREADS=1 python -m benchmarks.sweep
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch

from atlas.graphs.nodes import NodeKind
from atlas.methods.attribute import AttributionSettings, attribute
from atlas.models.loading import load_dictionary, load_model
from tests.methods.autograd_oracle import Oracle

ROOT = Path(__file__).resolve().parent.parent
PROMPT = "Fact: the capital of the state containing Dallas is"


def main() -> None:
    """Print the figures."""
    torch.set_num_threads(1)
    model = load_model(ROOT, "microworld")
    dictionary = load_dictionary(ROOT, "microworld", "transcoders")
    settings = AttributionSettings(max_feature_nodes=None)
    attribute(model, dictionary, PROMPT, settings)
    started = time.process_time()
    graph = attribute(model, dictionary, PROMPT, settings)
    ours = time.process_time() - started
    oracle = Oracle(model, dictionary, torch.from_numpy(model.tokenize(PROMPT).ids))
    started = time.process_time()
    expected = oracle.rows(graph)
    theirs = time.process_time() - started
    columns = graph.nodes.kind <= NodeKind.TOKEN
    found = graph.rows.toarray()[:, columns]
    expected = expected[:, columns]
    difference = np.abs(found - expected).max(axis=1) / np.abs(expected).max(axis=1)
    print(f"rows {graph.rows.shape[0]}, nodes {len(graph.nodes)}")
    print(f"sweep {ours:.2f} CPU s, autograd oracle {theirs:.2f} CPU s")
    print(f"largest difference relative to its row's largest entry {difference.max():.1e}")
    print(f"largest closure gap {np.abs(graph.closure_gap()).max():.1e}")


if __name__ == "__main__":
    main()
