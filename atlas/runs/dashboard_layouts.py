"""The files that dashboards of a dictionary are written into.

atlas           `layer-<n>.jsonl.gz`, a dashboard per line, and `dashboards.json`
site            shards of some hundred features, `<layer>-<first index>.shard`, which the site's
                pages read, `<layer>.labels` with the best label of each,
                `<layer>-<first index>.pairs` with what comparing two needs, and `dashboards.json`
circuit-tracer  `layer_<n>.bin` and `index.json.gz`, which its viewer reads from a hub repository's
                folder `features`
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from atlas.dashboards import circuit_tracer_features as viewer
from atlas.dashboards.activity import Context, percentiles
from atlas.dashboards.dashboard import AutomaticLabel
from atlas.dashboards.dashboard_files import write_lines
from atlas.dashboards.dashboard_table import DashboardTable
from atlas.dashboards.label_files import best_labels
from atlas.dashboards.pair_files import pair_files
from atlas.dashboards.shards import shards

Layout = Literal["atlas", "site", "circuit-tracer"]
MANIFEST_FILE = "dashboards.json"
SHARD_FEATURES = 256  # of one shard: 64 to 256 KB
PAIR_FEATURES = 128  # of one file for comparing features, a divisor of those of a shard


@dataclass(frozen=True)
class LayerCount:
    """What was found in one layer."""

    dictionary: str
    layer: int
    features: int
    active: int  # features that were active anywhere in the file


@dataclass(frozen=True)
class Shown:
    """The texts that examples are cut from, and the number of tokens that count."""

    context: Context
    tokens: int


class LayoutWriter(ABC):
    """Writes the folder of one dictionary."""

    def __init__(self, folder: Path, told: Mapping[str, Any], context: Context) -> None:
        """`told` is what the manifest says of the run."""
        self.folder = folder
        self.told = told
        self.context = context

    def layer(self, layer: int, made: Iterable[DashboardTable]) -> LayerCount:
        """Write one layer, whose features come in portions."""
        features = active = 0

        def counted() -> Iterator[DashboardTable]:
            nonlocal features, active
            for table in made:
                features += len(table)
                active += int((table.activity.counts > 0).sum())
                yield table

        self._layer(layer, counted())
        return LayerCount(str(self.told["dictionary"]), layer, features, active)

    @abstractmethod
    def finish(self, counts: Sequence[LayerCount]) -> None:
        """Write the file that says what the others hold."""

    @abstractmethod
    def _layer(self, layer: int, made: Iterable[DashboardTable]) -> None: ...


class AtlasLines(LayoutWriter):
    """Our JSON, a dashboard per line. Final."""

    def _layer(self, layer: int, made: Iterable[DashboardTable]) -> None:
        dashboards = (each for table in made for each in table.dashboards(self.context))
        write_lines(self.folder / f"layer-{layer}.jsonl.gz", dashboards)

    def finish(self, counts: Sequence[LayerCount]) -> None:
        """Write the manifest."""
        write_manifest(self.folder, {**self.told, "layers": [asdict(count) for count in counts]})


class SiteShards(LayoutWriter):
    """What the pages of the site read. Final."""

    def _layer(self, layer: int, made: Iterable[DashboardTable]) -> None:
        labels: list[tuple[AutomaticLabel, ...]] = []
        for table in made:
            labels += table.labels
            for first, shard in shards(table, self.context, SHARD_FEATURES):
                (self.folder / f"{layer}-{first}.shard").write_bytes(shard.packed())
            for first, pairs in pair_files(table, self.context.tokens.shape, PAIR_FEATURES):
                (self.folder / f"{layer}-{first}.pairs").write_bytes(pairs.packed())
        (self.folder / f"{layer}.labels").write_bytes(best_labels(labels).packed())

    def finish(self, counts: Sequence[LayerCount]) -> None:
        """Write the manifest."""
        layers = [
            {"layer": each.layer, "features": each.features, "active": each.active}
            for each in counts
        ]
        about = {**self.told, "shard_features": SHARD_FEATURES, "layers": layers}
        about["pair_features"] = PAIR_FEATURES
        write_manifest(self.folder, about)


class CircuitTracerRecords(LayoutWriter):
    """What circuit-tracer's viewer reads. Final."""

    def __init__(self, folder: Path, told: Mapping[str, Any], context: Context) -> None:
        """As of every layout."""
        super().__init__(folder, told, context)
        self.starts: dict[int, list[int]] = {}

    def _layer(self, layer: int, made: Iterable[DashboardTable]) -> None:
        records = (
            viewer.feature_record(dashboard, percentiles(table.activity.activity(number)))
            for table in made
            for number, dashboard in enumerate(table.dashboards(self.context))
        )
        self.starts[layer] = viewer.write_layer(self.folder / f"layer_{layer}.bin", records)

    def finish(self, counts: Sequence[LayerCount]) -> None:
        """Write the index."""
        offsets: list[tuple[str, list[int]]] = [("", [])] * (max(self.starts) + 1)
        for layer, starts in self.starts.items():
            offsets[layer] = (f"layer_{layer}.bin", starts)
        viewer.write_index(self.folder, offsets)


def write_manifest(folder: Path, value: Mapping[str, Any]) -> None:
    """Say beside the dashboards what they are of."""
    (folder / MANIFEST_FILE).write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


LAYOUTS: dict[Layout, type[LayoutWriter]] = {
    "atlas": AtlasLines,
    "site": SiteShards,
    "circuit-tracer": CircuitTracerRecords,
}
