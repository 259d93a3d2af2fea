"""A result on disk: written whole or not at all, read back, compared.

A result is a folder: `result.json`; `graph.npz` where the entry has a graph, with `heads.json`, the
same graph's edges split by head; and the executed `notebook.ipynb`. A reader never sees a part of
it, however the writer ends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from atlas.entries.measurement import Measurement
from atlas.errors import MISSHAPEN, EntryError
from atlas.files.whole import whole_folder, write_whole
from atlas.runs.provenance import Provenance

SCHEMA_VERSION = 1
RESULT_FILE = "result.json"
GRAPH_FILE = "graph.npz"
HEADS_FILE = "heads.json"
NOTEBOOK_FILE = "notebook.ipynb"
SIGNIFICANT_DIGITS = 6  # float32 carries seven; the last is rounding


@dataclass(frozen=True)
class Result:
    """What one run of one entry found. Verdicts are not stored: they are derived when read."""

    entry: str
    kind: str  # circuit | feature
    measurements: tuple[Measurement, ...]
    provenance: Provenance
    graph: Mapping[str, Any] | None = None  # file, sha256, row, scores, nodes, edges
    part_edges: tuple[Mapping[str, Any], ...] = ()  # read off the graph; never evidence
    attention: tuple[Mapping[str, Any], ...] = ()  # scores split over sources; never evidence
    answer: Mapping[str, Any] | None = None  # the model's answer to the prompt that is drawn
    feature: Mapping[str, Any] | None = None  # score, examples, histogram, promoted tokens

    def by_claim(self) -> dict[str, Measurement]:
        """The measurements by the id of their claim."""
        return {measurement.claim: measurement for measurement in self.measurements}

    @property
    def started(self) -> datetime | None:
        """When the run began; None where its stamp is missing or is no time."""
        try:
            return datetime.fromisoformat(str((self.provenance.run or {})["started"]))
        except (KeyError, ValueError):
            return None

    def to_json(self) -> dict[str, Any]:
        """As JSON values, numbers rounded to six significant digits."""
        value = {
            "schema_version": SCHEMA_VERSION,
            "entry": self.entry,
            "kind": self.kind,
            "measurements": [each.to_json() for each in self.measurements],
            "graph": self.graph,
            "part_edges": list(self.part_edges),
            "attention": list(self.attention) or None,
            "answer": self.answer,
            "feature": self.feature,
            "provenance": self.provenance.to_json(),
        }
        return {key: rounded(each) for key, each in value.items() if each is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any], where: str) -> Result:
        """Read what `to_json` gives. Raises EntryError for anything else."""
        try:
            if value["schema_version"] != SCHEMA_VERSION:
                raise KeyError(f"schema_version {SCHEMA_VERSION}")
            for name in ("graph", "answer", "feature"):
                if not isinstance(value.get(name, {}), Mapping):
                    raise TypeError(f"{name} is no mapping")
            for name in ("part_edges", "attention"):
                if not all(isinstance(each, Mapping) for each in value.get(name, ())):
                    raise TypeError(f"{name} is no list of mappings")
            return cls(
                entry=str(value["entry"]),
                kind=str(value["kind"]),
                measurements=tuple(
                    Measurement.from_json(each, f"{where}: measurements[{number}]")
                    for number, each in enumerate(value["measurements"])
                ),
                provenance=Provenance.from_json(value["provenance"]),
                graph=value.get("graph"),
                part_edges=tuple(value.get("part_edges", ())),
                attention=tuple(value.get("attention", ())),
                answer=value.get("answer"),
                feature=value.get("feature"),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise EntryError(
                where,
                "a result as `atlas reproduce` writes it",
                f"{type(error).__name__}: {error}",
                "run `atlas reproduce` on the entry again",
            ) from error


def result_bytes(result: Result) -> bytes:
    """The result as UTF-8 JSON; equal results give equal bytes."""
    text = json.dumps(result.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def write_result(folder: Path, result: Result, files: Mapping[str, bytes] | None = None) -> None:
    """Write a result, and the files beside it by name, whole or not at all."""
    write_files(folder, {**(files or {}), RESULT_FILE: result_bytes(result)})


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the folder whole or not at all; an older result gives way."""
    with whole_folder(folder) as unfinished:
        for name, content in files.items():
            write_whole(unfinished / name, content)


def read_result(folder: Path) -> Result | None:
    """The result in a folder; None where there is none. Raises EntryError if it is damaged."""
    return read_result_file(folder / RESULT_FILE)


def read_result_file(path: Path) -> Result | None:
    """A result's JSON, such as an accepted baseline; None where there is no such file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise EntryError(str(path), "a readable file", str(error)) from error
    try:
        value = json.loads(text)
    except MISSHAPEN as error:
        raise EntryError(str(path), "JSON", str(error), "run the entry again") from error
    if not isinstance(value, dict):
        raise EntryError(str(path), "a mapping", type(value).__name__, "run the entry again")
    return Result.from_json(value, str(path))


def rounded(value: Any) -> Any:
    """Every float in a JSON value to six significant digits."""
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    if isinstance(value, Mapping):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return value
