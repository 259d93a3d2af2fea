"""Features in the files of Neuronpedia's bulk export: gzip'd JSON lines in batches of 1,024.

A source (one layer of a dictionary) is a folder `<layer>-<dictionary>` with `features/` and
`activations/`, each holding `batch-<n>.jsonl.gz`. Features are sorted as text there and activations
by number, so a batch of one says nothing of the other; those of a feature are joined by its index.
Explanations have a folder of their own, which is not read.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from atlas.dashboards.dashboard import Dashboard
from atlas.dashboards.neuronpedia_json import parse_json, read_feature, write_feature
from atlas.errors import DAMAGED, UnknownFormat

BATCH = 1024  # features
FEATURES, ACTIVATIONS = "features", "activations"
LONGEST_LINE = 64 << 20  # bytes: one feature or one example


def write_source(folder: Path, dashboards: Iterable[Dashboard]) -> int:
    """Write features of one layer, by ascending index; give the number of batches."""
    for name in (FEATURES, ACTIVATIONS):
        (folder / name).mkdir(parents=True, exist_ok=True)
    waiting: list[dict[str, Any]] = []
    batches = 0
    for dashboard in dashboards:
        waiting.append(write_feature(dashboard))
        if len(waiting) == BATCH:
            _write_batch(folder, batches, waiting)
            batches, waiting = batches + 1, []
    if waiting:
        _write_batch(folder, batches, waiting)
        batches += 1
    return batches


def read_source(folder: Path) -> Iterator[Dashboard]:
    """The features of one source. Raises UnknownFormat.

    In memory stand all features without their examples, and the examples of one batch.
    """
    features: dict[str, dict[str, Any]] = {}
    for path in _batches(folder / FEATURES):
        for line in read_lines(path):
            index = _index_of(line, path)
            if index in features:
                raise UnknownFormat(str(path), "each feature once", f"{index} twice")
            features[index] = line
    for path in _batches(folder / ACTIVATIONS):
        found: dict[str, list[dict[str, Any]]] = {}
        for line in read_lines(path):
            found.setdefault(_index_of(line, path), []).append(line)
        for index, activations in found.items():
            if index not in features:
                expected = "features whose examples lie in one batch"
                raise UnknownFormat(str(path), expected, f"feature {index[:20]}")
            yield read_feature(features.pop(index) | {"activations": activations}, str(path))
    for line in features.values():
        yield read_feature(line | {"activations": []}, str(folder))


def is_source(folder: Path) -> bool:
    """Whether a folder is one of the export's sources."""
    return any((folder / FEATURES).glob("batch-*.jsonl.gz"))


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines, gzip'd or not. Raises UnknownFormat."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while line := file.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    raise ValueError(f"a line of more than {LONGEST_LINE} bytes")
                if line.strip():
                    found = parse_json(line)
                    if not isinstance(found, dict):
                        raise ValueError(f"{type(found).__name__} instead of an object")
                    yield found
    except DAMAGED as error:
        raise UnknownFormat(str(path), "objects of JSON, one a line", str(error)[:200]) from error


def _index_of(line: dict[str, Any], path: Path) -> str:
    """A feature's index, which the export writes as text."""
    index = line.get("index")
    if isinstance(index, bool) or not isinstance(index, str | int):
        raise UnknownFormat(str(path), "lines with an index", repr(index)[:40])
    return str(index)


def _batches(folder: Path) -> list[Path]:
    return sorted(folder.glob("batch-*.jsonl.gz"), key=lambda path: (len(path.name), path.name))


def _write_batch(folder: Path, number: int, features: list[dict[str, Any]]) -> None:
    examples = []
    for feature in features:
        own = {key: feature[key] for key in ("modelId", "layer", "index")}
        for turn, activation in enumerate(feature.pop("activations")):
            name = f"{feature['layer']}-{feature['index']}-{turn}"
            examples.append({"id": name, **own, **activation})
    for name, rows in ((FEATURES, features), (ACTIVATIONS, examples)):
        path = folder / name / f"batch-{number}.jsonl.gz"
        with path.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file:
            for row in rows:
                text = json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
                file.write(text.encode() + b"\n")
