"""How many features of the microworld's dictionaries have an automatic label that holds up.

`python -m benchmarks.labels [FOLDER]` reads the shards that `atlas dashboard --layout site` wrote
(`build/dashboards/microworld`) and prints, per dictionary: features, those active anywhere, those
with a label, those whose best label reaches F1 0.7 on held-out text and more than its control, the
same of labels that know nothing of the generator's latents, and how well these agree with latents.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from atlas.dashboards.label_files import NOT_SCORED, STEPS
from atlas.dashboards.shard_arrays import ArrayFile

HIGH = 0.7  # F1


@dataclass
class Tally:
    """What was found in one dictionary."""

    features: int = 0
    active: int = 0
    best: list[tuple[float, float]] = field(default_factory=list)  # score and control
    surface: list[tuple[float, float]] = field(default_factory=list)
    agreement: list[float] = field(default_factory=list)  # of surface labels with latents
    methods: Counter[str] = field(default_factory=Counter)  # of best labels that hold up

    def add(self, shard: ArrayFile) -> None:
        """Count the features of one shard."""
        arrays, methods = shard.arrays, shard.header["label_methods"]
        self.features += shard.header["features"]
        self.active += int((arrays["active"] > 0).sum())
        names = [methods[each] for each in arrays["label_method"]]
        score, control = (arrays[f"label_{name}"] / STEPS for name in ("score", "control"))
        starts = arrays["label_starts"]
        for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
            known = [each for each in range(start, stop) if names[each] != "latent"]
            if start < stop:
                self.best.append((score[start], control[start]))
                if holds_up(*self.best[-1]):
                    self.methods[names[start]] += 1
            if known:
                self.surface.append((score[known[0]], control[known[0]]))
                if arrays["label_agreement"][known[0]] != NOT_SCORED:
                    self.agreement.append(arrays["label_agreement"][known[0]] / STEPS)

    def lines(self) -> list[str]:
        """The figures in words."""
        agreeing = sum(each >= HIGH for each in self.agreement)
        return [
            f"{self.features:,} features, {self.active:,} active, {len(self.best):,} labelled",
            f"  best label: {shares(self.best, self.active)}; of "
            + ", ".join(f"{name} {many:,}" for name, many in self.methods.most_common()),
            f"  best without latents: {shares(self.surface, self.active)}",
            f"  its agreement with the best latent: median {np.median(self.agreement):.2f}, "
            f"{agreeing:,} of {len(self.agreement):,} at least {HIGH}",
        ]


def holds_up(score: float, control: float) -> bool:
    """Whether a label is good on held-out text and best on its own feature."""
    return score >= HIGH and score > control


def shares(found: list[tuple[float, float]], active: int) -> str:
    """How many labels are good, and how many of these hold up, of all active features."""
    good = sum(score >= HIGH for score, _ in found)
    held = sum(holds_up(*each) for each in found)
    median = np.median([score for score, _ in found])
    return (
        f"median F1 {median:.2f}, {good:,} ({good / active:.1%}) at least {HIGH}, "
        f"{held:,} ({held / active:.1%}) also above the control"
    )


def main() -> None:
    """Print the figures of every dictionary under a folder."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/dashboards/microworld")
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        tally = Tally()
        for path in sorted(place.glob("*.shard")):
            tally.add(ArrayFile.read(path))
        print(f"{place.name}: " + "\n".join(tally.lines()))


if __name__ == "__main__":
    main()
