"""A prompt of 2,000 tokens on a small random model: seconds and memory of one attribution.

OMP_NUM_THREADS=1 python -m benchmarks.long_prompt [--tokens 2000] [--rows 1024] [--keep 0.999]

The model is that of the table's small cells with room for 2,048 tokens: 6 layers of width 288 with
4,096 features each, about 55 of them active per token.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from dataclasses import replace

import numpy as np
import torch

from atlas.graphs.graph import AttributionGraph
from atlas.graphs.prune import prune
from atlas.methods.attribute import AttributionSettings, attribute
from atlas.models.checkpoints import circuit_tracer
from atlas.models.language_model import LanguageModel
from benchmarks.jobs import BUILD
from benchmarks.random_models import SMALL, prompt, write

ROOM = 2_048
LONG = replace(SMALL, name="long", settings={**SMALL.settings, "max_position_embeddings": ROOM})
LIMIT = 6 * 2**30  # bytes of resident memory, libraries, model and graph included
MEBIBYTE = 1 << 20


def main(arguments: list[str]) -> None:
    """Trace, prune, print the figures; fails where it took more memory than the limit."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--tokens", type=int, default=2_000)
    asked.add_argument("--rows", type=int, default=1_024)
    asked.add_argument("--keep", type=float, default=0.999)
    wanted = asked.parse_args(arguments)
    torch.set_num_threads(1)
    folder = write(LONG, BUILD / "long")
    model = LanguageModel.load(str(folder / "model"))
    dictionary = circuit_tracer.load(folder / "transcoders")
    ids = np.array(prompt(LONG, wanted.tokens))
    settings = AttributionSettings(max_feature_nodes=wanted.rows, keep=wanted.keep)
    before = peak()
    cpu, wall = time.process_time(), time.perf_counter()
    graph = attribute(model, dictionary, ids, settings, _progress)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{_told(graph)}; traced in {wall:.0f} s ({cpu:.0f} CPU s)")
    print(f"largest closure gap {np.abs(graph.closure_gap()).max():.1e}")
    print(f"peak {peak() / MEBIBYTE:,.0f} MiB, before tracing {before / MEBIBYTE:,.0f} MiB")
    print(f"pruned: {_told(prune(graph))}")
    if peak() > LIMIT:
        raise SystemExit(f"more than {LIMIT / MEBIBYTE:,.0f} MiB")


def peak() -> int:
    """The highest resident memory of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _told(graph: AttributionGraph) -> str:
    tracing = graph.header.provenance["tracing"]
    mass = tracing.get("given_up_mass", 0.0)
    return (
        f"{tracing['traced_features']:,} of {tracing['active_features']:,} features, "
        f"{len(graph.nodes):,} nodes, {graph.rows.nnz:,} edges, unvisited mass "
        f"{tracing['unvisited_mass']:.1%}, given-up mass {mass:.2%}"
    )


def _progress(done: int, total: int) -> None:
    print(f"{done:,} of {total:,} rows, {peak() / MEBIBYTE:,.0f} MiB", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
