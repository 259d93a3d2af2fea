"""Parts of the reading of a token file, which several machines record and one joins.

Part k of n lies in `<folder>.part-<k>-of-<n>`: where features were active in its sequences. Parts
are cut between two passes of the model, so what they join to has the bytes of one reading.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atlas.errors import BadInput
from atlas.files.whole import write_whole
from atlas.methods.observation.activity_record import ActivityRecord

PLAN_FILE = "plan.json"
NAME = re.compile(r"\.part-([1-9][0-9]*)-of-([1-9][0-9]*)$")


@dataclass(frozen=True)
class Part:
    """Part `number` of `total`, counted from 1."""

    number: int
    total: int

    @classmethod
    def read(cls, text: str) -> Part:
        """`2/4` is the second of four. Raises BadInput."""
        number, _, total = text.partition("/")
        if not (number.isdecimal() and total.isdecimal() and 1 <= int(number) <= int(total)):
            raise BadInput("--part", "K/N with K from 1 to N", text)
        return cls(int(number), int(total))

    def rows(self, sequences: int, rows_per_pass: int) -> tuple[int, int]:
        """Its first sequence, and the one after its last."""
        passes = -(-sequences // rows_per_pass)
        edges = (passes * each // self.total for each in (self.number - 1, self.number))
        start, stop = (min(edge * rows_per_pass, sequences) for edge in edges)
        return start, stop

    def folder(self, folder: Path) -> Path:
        """Where it is recorded."""
        return folder.with_name(f"{folder.name}.part-{self.number}-of-{self.total}")


def remember_plan(work: Path, wanted: Mapping[str, Any]) -> None:
    """Keep beside a recording what it is of, so that nothing else goes on from it.

    Raises BadInput where it is of something else.
    """
    path = work / PLAN_FILE
    work.mkdir(parents=True, exist_ok=True)
    if path.is_file():
        kept = json.loads(path.read_text(encoding="utf-8"))
        changed = sorted(key for key in wanted if kept.get(key) != wanted[key])
        if changed:
            action = "go on as before, or delete it"
            found = f"another {' and another '.join(changed)}"
            raise BadInput(str(work), "the recording that this run goes on with", found, action)
    write_whole(path, json.dumps(wanted).encode())


def recorded_parts(folder: Path) -> list[Path]:
    """The parts that lie beside a folder, in their order."""
    found = [
        (int(name[2]), int(name[1]), path)
        for path in folder.parent.glob(f"{folder.name}.part-*")
        if (name := NAME.search(path.name)) and path.is_dir()
    ]
    return [path for _, _, path in sorted(found)]


def join_parts(folder: Path, record: ActivityRecord, wanted: Mapping[str, Any], rows: int) -> None:
    """Take over parts that follow what is recorded; what they lack is still to be read.

    `rows` are the sequences in a pass. Raises BadInput for parts of something else.
    """
    for path in recorded_parts(folder):
        remember_plan(path, wanted)
        number, total = (int(each) for each in NAME.search(path.name).groups())  # type: ignore[union-attr]
        start, stop = Part(number, total).rows(int(wanted["sequences"]), rows)
        part = ActivityRecord(path / "activity", record.layers, start)
        if part.start == record.rows and part.rows == stop - start:
            record.absorb(part)
