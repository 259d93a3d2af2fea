"""A circuit's claims on prompts that were drawn after it was written, beside its own.

An effect that holds on its own test prompts alone would have been fitted to them. What fresh
prompts show is never evidence for a verdict, which rests on prompts that anyone can read: it is
kept night by night beside the accepted effects.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from atlas.entries.circuit import Circuit
from atlas.entries.evidence import Verdict, derive_verdicts
from atlas.entries.measurement import Measurement
from atlas.errors import MISSHAPEN, BadInput, EntryError
from atlas.runs.keys import Entry

FRESH_FILE = "fresh_prompts.json"  # beside the result


@dataclass(frozen=True)
class OnFreshPrompts:
    """What a circuit's claims came to on fresh prompts, or why they were not measured."""

    measurements: Mapping[str, Measurement] = field(default_factory=dict)  # by claim
    error: str = ""

    def verdicts(self, circuit: Circuit) -> dict[str, Verdict]:
        """What the verdicts would be if these were the circuit's own prompts."""
        return derive_verdicts(circuit.claims, self.measurements) if self.measurements else {}


def fresh_rows(folder: Path, entry: Entry) -> bytes:
    """The lines of `<circuit>.jsonl`; none for a circuit without a file, and for a feature.

    Raises BadInput if there is no such folder.
    """
    if not folder.is_dir():
        raise BadInput("--fresh-prompts", "a folder of <circuit>.jsonl", str(folder))
    path = folder / f"{entry.id}.jsonl"
    return path.read_bytes() if isinstance(entry, Circuit) and path.is_file() else b""


def read_fresh(folder: Path) -> OnFreshPrompts | None:
    """What lies beside a result; None where nothing was measured on fresh prompts.

    Raises:
        EntryError: the file is damaged.
    """
    path = folder / FRESH_FILE
    if not path.is_file():
        return None
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        found = [Measurement.from_json(each, str(path)) for each in value["measurements"]]
        return OnFreshPrompts({each.claim: each for each in found}, str(value["error"]))
    except (OSError, *MISSHAPEN) as error:
        raise EntryError(
            str(path), "measurements", f"{type(error).__name__}: {error}", "run the entry again"
        ) from error
