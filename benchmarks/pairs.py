"""How far the page that compares features is from exact figures.

`python -m benchmarks.pairs [FOLDER]` takes the pairs that dashboards list with exact figures (those
that fire together, and similar ones, of the same layer) and prints how far the overlap from samples
and the cosine from rounded vectors are from them, per dictionary.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from atlas.dashboards.pair_files import SAMPLE
from atlas.dashboards.shard_arrays import ArrayFile
from atlas.dashboards.shards import SIGNED_STEPS


class Layer:
    """All pair files of a layer. Final."""

    def __init__(self, folder: Path, layer: int) -> None:
        """Read them."""
        self.samples: dict[int, tuple[np.ndarray, bool]] = {}
        self.vectors: dict[int, np.ndarray] = {}
        for path in folder.glob(f"{layer}-*.pairs"):
            file = ArrayFile.read(path)
            starts, many = file.arrays["sample_starts"], file.header["features"]
            for row, vector in enumerate(file.arrays["decoder"].reshape(many, -1)):
                index = file.header["first"] + row
                places = file.arrays["sample_place"][starts[row] : starts[row + 1]]
                self.samples[index] = (places, bool(file.arrays["active"][row] <= SAMPLE))
                self.vectors[index] = vector.astype(np.float64)

    def overlap(self, one: int, other: int) -> tuple[float, bool]:
        """The overlap of two features from their samples, and whether it is exact."""
        (left, left_whole), (right, right_whole) = self.samples[one], self.samples[other]
        ends = [each[-1] for each, whole in ((left, left_whole), (right, right_whole)) if not whole]
        end = min(ends, default=np.iinfo(np.int64).max)
        left, right = left[left <= end], right[right <= end]
        both = len(np.intersect1d(left, right))
        return both / max(len(left) + len(right) - both, 1), not ends

    def cosine(self, one: int, other: int) -> float:
        """The cosine of two rounded vectors."""
        left, right = self.vectors[one], self.vectors[other]
        return float(left @ right / max(np.linalg.norm(left) * np.linalg.norm(right), 1e-12))


def columns(shard: ArrayFile, name: str) -> np.ndarray:
    """A feature's list of others, a row each."""
    found: np.ndarray = shard.arrays[name].reshape(shard.header["features"], -1).astype(np.int64)
    return found


def measure(folder: Path) -> list[str]:
    """The errors of one dictionary."""
    exact: list[float] = []
    drawn: list[float] = []
    cosines: list[float] = []
    layers: dict[int, Layer] = {}
    for path in sorted(folder.glob("*.shard")):
        shard = ArrayFile.read(path)
        number, first = shard.header["layer"], shard.header["first"]
        if number not in layers:
            layers[number] = Layer(folder, number)
        layer = layers[number]
        found = columns(shard, "together_index"), columns(shard, "together_overlap")
        for row, rank in np.argwhere(found[0] > 0).tolist():
            guess, whole = layer.overlap(first + row, int(found[0][row, rank]) - 1)
            (exact if whole else drawn).append(guess - found[1][row, rank] / SIGNED_STEPS)
        near = columns(shard, "similar_index"), columns(shard, "similar_cosine")
        same = columns(shard, "similar_layer") == number
        for row, rank in np.argwhere((near[0] > 0) & same).tolist():
            guess = layer.cosine(first + row, int(near[0][row, rank]) - 1)
            cosines.append(guess - near[1][row, rank] / SIGNED_STEPS)
    return [
        f"overlap, known whole: {len(exact):,} pairs, largest error {largest(exact):.4f}",
        f"overlap, from samples: {len(drawn):,} pairs, root mean square {spread(drawn):.4f}, "
        f"largest error {largest(drawn):.3f}",
        f"cosine: {len(cosines):,} pairs, root mean square {spread(cosines):.5f}, "
        f"largest error {largest(cosines):.4f}",
    ]


def largest(errors: list[float]) -> float:
    """The largest error, whatever its sign."""
    return float(np.abs(errors).max(initial=0.0))


def spread(errors: list[float]) -> float:
    """The root of the mean square."""
    return float(np.sqrt(np.mean(np.square(errors)))) if errors else 0.0


def main() -> None:
    """Print the errors of every dictionary under a folder."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/dashboards/microworld")
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        print("\n  ".join([place.name, *measure(place)]))


if __name__ == "__main__":
    main()
