"""Pruning beside circuit-tracer's, on made-up graphs.

python -m benchmarks.pruning [FEATURES …]
"""

from __future__ import annotations

import sys

from benchmarks.jobs import OURS, PEER, measure
from benchmarks.layered_graph import Layered

SIZES = (5_000, 10_000, 20_000)
MEBIBYTE = 1 << 20


def main(sizes: list[int]) -> None:
    """Print the table."""
    print("| features | kept nodes, edges | peer | ours | ratio | extra memory, peer / ours |")
    print("|---|---|---|---|---|---|")
    for size in sizes or SIZES:
        theirs, mine = (measure(side, Layered(size), "prune") for side in (PEER, OURS))
        kept = ("{nodes:,}, {edges:,}".format(**each) for each in (theirs, mine))
        memory = (f"{each['extra_bytes'] / MEBIBYTE:,.0f} MiB" for each in (theirs, mine))
        print(
            f"| {size:,} | {' / '.join(dict.fromkeys(kept))} | {theirs['wall']:.2f} s | "
            f"{mine['wall']:.2f} s | {theirs['wall'] / mine['wall']:.0f}× | {' / '.join(memory)} |",
            flush=True,
        )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]])
