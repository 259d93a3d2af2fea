"""One attention score split over all pairs of sources, on the microworld: seconds and closure.

OMP_NUM_THREADS=1 python -m benchmarks.attention_score
"""

from __future__ import annotations

import time
from pathlib import Path

import torch

from atlas.graphs.attention_score import HeadPlace
from atlas.methods.qk import explain_score
from atlas.models.loading import load_dictionary, load_model

ROOT = Path(__file__).resolve().parent.parent
PROMPT = "Now the small old book near the horses"
PLACE = HeadPlace(layer=5, head=3, query=8, key=5, foil=8)
REPEATS = 10


def main() -> None:
    """Print the figures."""
    torch.set_num_threads(1)
    model = load_model(ROOT, "microworld")
    dictionary = load_dictionary(ROOT, "microworld", "transcoders")
    found = explain_score(model, dictionary, PROMPT, PLACE)
    started = time.process_time()
    for _ in range(REPEATS):
        explain_score(model, dictionary, PROMPT, PLACE)
    seconds = (time.process_time() - started) / REPEATS
    print(f"sources {len(found.sources)}, split {seconds:.3f} CPU s")
    print(f"score {found.score:.3f}, closure gap {found.closure_gap():.1e}")


if __name__ == "__main__":
    main()
