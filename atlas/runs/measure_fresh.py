"""Measures a circuit's claims on fresh prompts (see `atlas.runs.fresh_prompts`)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from atlas.entries.json_source import read_lines
from atlas.entries.measurement import Measurement
from atlas.entries.problems import Problem, UnreadableFile
from atlas.entries.prompts import PromptRow
from atlas.errors import AtlasError, EntryError
from atlas.runs.measure_circuit import open_circuit
from atlas.runs.results import rounded


def measure_fresh(circuit_id: str, rows: bytes, scratch: Path, library: Path | None) -> bytes:
    """The content of FRESH_FILE; an error on the way is written there and spares the entry."""
    path = scratch / "fresh.jsonl"
    path.write_bytes(rows)
    try:
        found, error = _measured(circuit_id, path, library), ""
    except AtlasError as raised:
        found, error = [], str(raised)
    value = {"measurements": [each.to_json() for each in found], "error": error}
    return (json.dumps(rounded(value), ensure_ascii=False) + "\n").encode()


def _measured(circuit_id: str, path: Path, library: Path | None) -> list[Measurement]:
    opened = open_circuit(circuit_id, library)
    rows = tuple(_rows(path))
    known = {row.text for row in opened.rows}
    for row in rows:
        if row.split != "test" or row.text in known:
            raise EntryError(
                f"fresh prompts of {circuit_id}: {row.id}",
                "a test prompt that the circuit does not have",
                f"{row.split}, {row.text!r}",
                "draw other prompts",
            )
    return replace(opened, rows=rows).measure()


def _rows(path: Path) -> list[PromptRow]:
    rows = []
    for line in read_lines(path):
        if isinstance(line, Problem):
            raise UnreadableFile(line)
        rows.append(PromptRow.from_data(line.data, f"{path.name}:{line.line}"))
    return rows
