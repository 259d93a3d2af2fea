"""Shards of made-up dashboards, hostile tokens among them, for the example library's site."""

from __future__ import annotations

import json
from pathlib import Path

from atlas.dashboards.label_files import best_labels
from atlas.dashboards.pair_files import pair_files
from atlas.dashboards.shards import shards
from tests.dashboards.planted_table import STRINGS, planted_table
from tests.site_builder.example_library import ARABIC, HOSTILE

LAYERS, FEATURES, SIZE, PAIRS = (2, 4), 600, 256, 128
NASTY = (HOSTILE, "\u2581" + ARABIC, "<bos>", "</script>", "x" * 10_000, "\u2581\n", "")
TOKENS = (*STRINGS, *NASTY)


def write_dashboards(folder: Path) -> Path:
    """Write shards as `atlas dashboard --layout site` does, and give the folder."""
    place = folder / "microworld" / "transcoders"
    place.mkdir(parents=True)
    for layer in LAYERS:
        table, context = planted_table(layer, FEATURES, TOKENS)
        for first, shard in shards(table, context, SIZE):
            (place / f"{layer}-{first}.shard").write_bytes(shard.packed())
        for first, pairs in pair_files(table, context.tokens.shape, PAIRS):
            (place / f"{layer}-{first}.pairs").write_bytes(pairs.packed())
        (place / f"{layer}.labels").write_bytes(best_labels(table.labels).packed())
    layers = [{"layer": layer, "features": FEATURES, "active": FEATURES - 1} for layer in LAYERS]
    manifest = {"layout": "site", "shard_features": SIZE, "pair_features": PAIRS, "layers": layers}
    (place / "dashboards.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder
