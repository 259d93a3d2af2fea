"""Dashboards in the files of several tools: reads whichever lie somewhere, and writes any of them.

atlas         `layer-<n>.jsonl.gz`, a dashboard per line
saedashboard  `<layer>-<dictionary>/batch-<n>.json`, as SAEDashboard writes for Neuronpedia
neuronpedia   `<layer>-<dictionary>/features/` and `activations/`, as Neuronpedia's bulk export has
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Literal

from atlas.dashboards.dashboard import Dashboard
from atlas.dashboards.neuronpedia_bulk import is_source, read_lines, read_source, write_source
from atlas.dashboards.neuronpedia_json import read_feature, read_features
from atlas.dashboards.saedashboard_json import write_batches
from atlas.errors import BadInput, UnknownFormat

FileLayout = Literal["atlas", "saedashboard", "neuronpedia"]
ATLAS_LINES = "layer-*.jsonl.gz"
BATCHES = "batch-*.json"
NAME = re.compile(r"(?!\.)[A-Za-z0-9_.:-]{0,100}")  # of a dictionary, which names a folder


def read_dashboards(path: Path) -> Iterator[Dashboard]:
    """The dashboards in a file or a folder, told by what lies there.

    A file is one feature or a list of Neuronpedia's API, a batch of SAEDashboard's, or JSON lines
    of either Neuronpedia's or the atlas'. Raises UnknownFormat, BadInput.
    """
    if path.is_file():
        yield from _read_file(path)
        return
    if not path.is_dir():
        raise BadInput(str(path), "a file or a folder of dashboards", "nothing")
    if is_source(path):
        yield from read_source(path)
        return
    files = _in_order(path.glob(ATLAS_LINES)) or _in_order(path.glob(BATCHES))
    for file in files:
        yield from _read_file(file)
    sources = [] if files else [each for each in sorted(path.iterdir()) if each.is_dir()]
    if not files and not sources:
        expected = f"{ATLAS_LINES}, {BATCHES}, or features/batch-*.jsonl.gz"
        raise UnknownFormat(str(path), expected, "none of them")
    for source in sources:
        yield from read_dashboards(source)


def write_dashboards(folder: Path, layout: FileLayout, dashboards: Iterable[Dashboard]) -> int:
    """Write dashboards, which come layer by layer, and give their number. Raises BadInput.

    The formats of others have no place for features of other layers, counts behind a density, and
    features that fire together.
    """
    written = 0

    def counted(several: Iterable[Dashboard]) -> Iterator[Dashboard]:
        nonlocal written
        for each in several:
            written += 1
            yield each

    done = set()
    for (dictionary, layer), several in groupby(dashboards, lambda d: (d.dictionary, d.layer)):
        if (dictionary, layer) in done:
            raise BadInput(f"layer {layer}", "its features one after the other", "in two places")
        done.add((dictionary, layer))
        if not NAME.fullmatch(dictionary):
            raise BadInput("dictionary", "letters, digits and _ . : -", repr(dictionary[:60]))
        WRITERS[layout](folder, f"{layer}-{dictionary}", counted(several))
    return written


def write_lines(path: Path, dashboards: Iterable[Dashboard]) -> None:
    """Write the atlas' own form: a dashboard per line, gzip'd."""
    with path.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file:
        for dashboard in dashboards:
            text = json.dumps(dashboard.to_json(), ensure_ascii=False, separators=(",", ":"))
            file.write(text.encode() + b"\n")


def _write_atlas(folder: Path, source: str, dashboards: Iterable[Dashboard]) -> None:
    layer, _, dictionary = source.partition("-")
    place = folder / (dictionary or "dictionary")
    place.mkdir(parents=True, exist_ok=True)
    write_lines(place / f"layer-{layer}.jsonl.gz", dashboards)


WRITERS: dict[FileLayout, Callable[[Path, str, Iterable[Dashboard]], object]] = {
    "atlas": _write_atlas,
    "saedashboard": lambda folder, source, each: write_batches(folder / source, each),
    "neuronpedia": lambda folder, source, each: write_source(folder / source, each),
}


def _read_file(path: Path) -> Iterator[Dashboard]:
    if not path.name.endswith((".jsonl", ".jsonl.gz")):
        yield from read_features(path)
        return
    for line in read_lines(path):
        if "schema_version" in line:
            yield Dashboard.from_json(line)
        else:
            yield read_feature(line, str(path))


def _in_order(files: Iterable[Path]) -> list[Path]:
    """By the number in their names."""
    return sorted(files, key=lambda path: (len(path.name), path.name))
