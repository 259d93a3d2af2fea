"""Dashboards of the microworld's dictionaries: ours in one reading, a loop over features beside it.

`python -m benchmarks.dashboards` prints both rates in features times tokens per CPU second, on the
same tokens and one thread. Ours makes every dashboard of every dictionary, files included; of the
loop a sample of one layer's features is measured, and its run of the model counts by that share.
"""

from __future__ import annotations

import random
import resource
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from atlas.commands.dashboard import SITE_SETTINGS
from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel
from atlas.models.loading import load_dictionary, load_model
from atlas.runs.make_dashboards import DashboardPlan, make_dashboards
from benchmarks import per_feature_loop

ROOT = Path(__file__).resolve().parents[1]
DICTIONARIES = ("transcoders", "cross-layer-transcoder", "saes")
SEQUENCES = (1244, 3730)  # 51,418 tokens, and all 153,860
SAMPLE, LAYER = 256, 3


@dataclass(frozen=True)
class Rate:
    """What one side did in how long."""

    features: int
    seconds: float  # of process time

    def of(self, tokens: int) -> float:
        """Features times tokens per second."""
        return self.features * tokens / self.seconds


def ours(model: LanguageModel, dictionaries: list[Dictionary], tokens: LabelledTokens) -> Rate:
    """All dashboards of all dictionaries, as the site reads them, written to disk."""
    folder = Path(tempfile.mkdtemp(prefix="dashboards-"))
    try:
        layers = tuple(each.layer_numbers for each in dictionaries)
        plan = DashboardPlan(layers, "site", SITE_SETTINGS)
        started = time.process_time()
        counts = make_dashboards(
            (model, dictionaries), tokens, plan, folder / "out", lambda line: None
        )
        return Rate(sum(each.features for each in counts), time.process_time() - started)
    finally:
        shutil.rmtree(folder)


def loop(model: LanguageModel, dictionary: Dictionary, tokens: LabelledTokens) -> Rate:
    """A sample of one layer's features, one after the other, silent ones included."""
    total = dictionary.features(LAYER)
    sample = sorted(random.Random(0).sample(range(total), SAMPLE))
    started = time.process_time()
    cached = per_feature_loop.cache(model, dictionary, LAYER, (tokens.tokens, tokens.is_word()))
    running = time.process_time() - started
    started = time.process_time()
    made = list(per_feature_loop.dashboards((model, dictionary), LAYER, cached, sample))
    looping = time.process_time() - started
    return Rate(len(made), looping + running * SAMPLE / total)


def main() -> None:
    """Print both."""
    torch.set_num_threads(1)
    model = load_model(ROOT, "microworld")
    dictionaries: list[Dictionary] = [
        load_dictionary(ROOT, "microworld", each) for each in DICTIONARIES
    ]
    every = LabelledTokens.load(ROOT / "microworld/weights/heldout_tokens.npz")
    for sequences in SEQUENCES:
        tokens = every.spread(sequences)
        words = int(tokens.is_word().sum())
        slow = loop(model, dictionaries[0], tokens)
        fast = ours(model, dictionaries, tokens)
        print(f"{words:,} tokens")
        for name, rate in (("one reading", fast), ("a loop over features", slow)):
            per = rate.features / rate.seconds
            took = f"{rate.features:,} features in {rate.seconds:.1f} CPU s"
            print(f"  {name}: {took}, {per:,.1f} per s")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"  {fast.of(words) / slow.of(words):.1f} times the rate; peak of both {peak:,} MiB")


if __name__ == "__main__":
    main()
