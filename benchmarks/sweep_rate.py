"""At what share of the machine's rate of matrix products the sweep runs.

python -m benchmarks.sweep_rate [CELL …]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from atlas.methods.attribute import AttributionSettings, attribute
from atlas.methods.attribution.sweep import Sweep
from atlas.models.checkpoints import circuit_tracer
from atlas.models.language_model import LanguageModel
from benchmarks.cells import CELLS, Cell, job_of
from benchmarks.jobs import THREADS

DEFAULT = ("medium/16/1024", "small/16/1024")
SIZE, REPEATS = 768, 20  # of the products that give the machine's rate
BILLION = 1e9


def _in_place(_: Any, left: list[int], right: list[int], *__: Any, **___: Any) -> int:
    return 2 * left[0] * left[1] * right[1]


class Watched:
    """Adds up the seconds of the sweeps, or their operations, without what is between them."""

    def __init__(self, counts: bool) -> None:
        self.counts = counts
        self.seconds = 0.0
        self.operations = 0
        self.original = Sweep.weights

    def __enter__(self) -> Watched:
        """Start."""

        def weights(sweep: Sweep, *arguments: Any) -> Any:
            chunks = self.original(sweep, *arguments)
            while (chunk := self._next(chunks)) is not None:
                yield chunk

        Sweep.weights = weights  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        Sweep.weights = self.original  # type: ignore[method-assign]

    def _next(self, chunks: Iterator[Any]) -> Any:
        if self.counts:
            custom = {torch.ops.aten.addmm_: _in_place}
            with FlopCounterMode(display=False, custom_mapping=custom) as counter:
                chunk = next(chunks, None)
            self.operations += counter.get_total_flops()
            return chunk
        started = time.process_time()
        chunk = next(chunks, None)
        self.seconds += time.process_time() - started
        return chunk


def main(names: list[str]) -> None:
    """Print the table."""
    torch.set_num_threads(THREADS)
    print(
        "| cell | products | sweep | rate | the machine's rate | share |\n|---|---|---|---|---|---|"
    )
    for cell in CELLS:
        if cell.name.replace(" ", "") in (names or DEFAULT):
            print(_row(cell))


def _row(cell: Cell) -> str:
    job = job_of(cell)
    model, dictionary = (
        LanguageModel.load(job.model),
        circuit_tracer.load(Path(job.transcoders)),
    )
    settings = AttributionSettings(max_feature_nodes=job.max_feature_nodes)
    ids = np.array(job.ids)
    with Watched(counts=True) as counted:
        attribute(model, dictionary, ids, settings)
    rates, seconds = [], []
    for _ in range(3):
        rates.append(machine_rate())
        with Watched(counts=False) as timed:
            attribute(model, dictionary, ids, settings)
        seconds.append(timed.seconds)
    products = counted.operations
    rate, best = products / min(seconds), max(rates)
    return (
        f"| {cell.name} | {products / BILLION:.0f} GFLOP | {min(seconds):.2f} s | "
        f"{rate / BILLION:.0f} GF/s | {best / BILLION:.0f} GF/s | {100 * rate / best:.0f} % |"
    )


def machine_rate() -> float:
    """The median rate of square products, in operations per second of CPU."""
    left, right = torch.randn(SIZE, SIZE), torch.randn(SIZE, SIZE)
    out, rates = torch.empty(SIZE, SIZE), []
    for _ in range(REPEATS):
        started = time.process_time()
        torch.mm(left, right, out=out)
        rates.append(2 * SIZE**3 / (time.process_time() - started))
    return sorted(rates)[REPEATS // 2]


if __name__ == "__main__":
    main(sys.argv[1:])
