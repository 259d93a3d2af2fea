"""Features as circuit-tracer's viewer fetches them from a hub repository, read and written.

`layer_<n>.bin` holds one record per feature: four bytes for the length, little-endian, then that
many bytes of gzip'd JSON. `index.json.gz` has for every layer the file's name and where its records
start, the end of the last one included; a viewer fetches one record by its range of bytes.
"""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from atlas.dashboards.dashboard import (
    Band,
    Dashboard,
    Density,
    Example,
    Histogram,
    TokenEffect,
)
from atlas.errors import DAMAGED, MISSHAPEN, UnknownFormat

INDEX_FILE = "index.json.gz"
TOP = "Top activations"
LARGEST_RECORD = 64 << 20  # bytes of one feature's JSON; more is no feature


def write_layer(path: Path, records: Iterable[dict[str, Any]]) -> list[int]:
    """Write one layer's features in order of their index; give where each starts, and the end."""
    offsets = [0]
    with path.open("wb") as file:
        for record in records:
            text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
            packed = gzip.compress(text.encode(), mtime=0)
            file.write(struct.pack("<I", len(packed)) + packed)
            offsets.append(file.tell())
    return offsets


def write_index(folder: Path, offsets: Sequence[tuple[str, Sequence[int]]]) -> None:
    """Write the index: for every layer from 0 on the name of its file and what `write_layer` gave.

    A layer without a file has an empty name and no offsets.
    """
    index = [{"filename": name, "offsets": list(starts)} for name, starts in offsets]
    packed = gzip.compress(json.dumps(index, separators=(",", ":")).encode(), mtime=0)
    (folder / INDEX_FILE).write_bytes(packed)


def read_record(folder: Path, layer: int, index: int) -> dict[str, Any]:
    """One feature's record, fetched as a viewer does. Raises UnknownFormat."""
    where = f"{folder / INDEX_FILE}: {layer}-{index}"
    try:
        listed = json.loads(_unpacked((folder / INDEX_FILE).read_bytes()))[layer]
        start, end = listed["offsets"][index : index + 2]
        with (folder / Path(listed["filename"]).name).open("rb") as file:
            file.seek(start)
            taken = file.read(end - start)
        (length,) = struct.unpack("<I", taken[:4])
        found = json.loads(_unpacked(taken[4 : 4 + length]))
    except DAMAGED as error:
        expected = "a feature that the index says where to find"
        raise UnknownFormat(where, expected, f"{error}"[:200]) from error
    if not isinstance(found, dict):
        raise UnknownFormat(where, "an object", type(found).__name__)
    return found


def feature_record(dashboard: Dashboard, percentiles: Sequence[float]) -> dict[str, Any]:
    """A dashboard in the viewer's words; `percentiles` are those of the activations, 1 to 100."""
    bands = [
        (f"{band.from_share:.0%} to {band.to_share:.0%}", band.examples)
        for band in reversed(dashboard.bands)
    ]
    return {
        "transcoder_id": dashboard.dictionary,
        "index": dashboard.index,
        "examples_quantiles": [
            {"quantile_name": name, "examples": [_example(example) for example in examples]}
            for name, examples in [(TOP, dashboard.top), *bands]
        ],
        "top_logits": [effect.token for effect in dashboard.promoted],
        "bottom_logits": [effect.token for effect in dashboard.suppressed],
        "act_min": 0.0,
        "act_max": dashboard.maximum,
        "quantile_values": [round(value, 4) for value in percentiles],
        "histogram": list(dashboard.histogram.counts),
        "activation_frequency": dashboard.density.share,
    }


def read_feature(record: dict[str, Any], model: str, layer: int) -> Dashboard:
    """The dashboard that a record describes; what it lacks stays empty. Raises UnknownFormat."""
    try:
        groups = [
            (str(group["quantile_name"]), tuple(_read_example(one) for one in group["examples"]))
            for group in record["examples_quantiles"]
        ]
        counts = tuple(int(count) for count in record.get("histogram") or ())
        lowest, highest = float(record.get("act_min", 0.0)), float(record.get("act_max", 0.0))
        width = (highest - lowest) / len(counts) if counts else 0.0
        edges = tuple(lowest + width * edge for edge in range(len(counts) + 1)) if counts else ()
        share = float(record.get("activation_frequency", 0.0))
        return Dashboard(
            model=model,
            dictionary=str(record.get("transcoder_id", "")),
            layer=layer,
            index=int(record["index"]),
            density=Density(share, None, None, None, None),
            maximum=highest,
            histogram=Histogram(edges, counts),
            top=groups[0][1] if groups else (),
            bands=tuple(_bands(groups[1:])),
            promoted=_effects(record, "top_logits"),
            suppressed=_effects(record, "bottom_logits"),
            similar=(),
        )
    except MISSHAPEN as error:
        expected = "a feature of circuit-tracer's viewer"
        raise UnknownFormat("feature", expected, f"{error}"[:200]) from error


def _example(example: Example) -> dict[str, Any]:
    return {
        "tokens": list(example.tokens),
        "tokens_acts_list": list(example.activations),
        "train_token_ind": example.peak,
        "is_repeated_datapoint": False,
    }


def _read_example(found: dict[str, Any]) -> Example:
    tokens = tuple(str(token) for token in found["tokens"])
    values = tuple(float(value) for value in found["tokens_acts_list"])
    if not tokens or len(tokens) != len(values):
        raise ValueError(f"{len(tokens)} tokens and {len(values)} activations")
    peak = int(found.get("train_token_ind", -1))
    if not 0 <= peak < len(tokens):
        peak = max(range(len(values)), key=values.__getitem__)
    return Example(-1, tokens, values, peak)


def _bands(groups: Sequence[tuple[str, tuple[Example, ...]]]) -> Iterable[Band]:
    """Bands by falling activation become bands by rising one, taken as equally large."""
    for number, (_, examples) in enumerate(reversed(groups)):
        peaks = [example.activations[example.peak] for example in examples] or [0.0]
        edges = (number / len(groups), (number + 1) / len(groups))
        yield Band(*edges, min(peaks), max(peaks), 0, examples)


def _effects(record: dict[str, Any], key: str) -> tuple[TokenEffect, ...]:
    """The tokens alone: the format has no logits for them."""
    return tuple(TokenEffect(str(token), 0.0) for token in record.get(key) or ())


def _unpacked(packed: bytes) -> bytes:
    """What gzip'd bytes hold, as long as it is no bomb."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(packed, LARGEST_RECORD)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if unpacker.unconsumed_tail:
        raise ValueError(f"more than {LARGEST_RECORD} bytes")
    return text
