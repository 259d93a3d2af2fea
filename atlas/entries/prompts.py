"""A circuit's prompts: one row per line of `prompts.jsonl`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from atlas.entries.ids import FileName
from atlas.entries.record import Record

Split = Literal["discovery", "test"]


@dataclass(frozen=True, kw_only=True)
class PromptRow(Record):
    """One prompt, with the answer that is expected and the one that it is compared with.

    `text` never has the beginning-of-sequence token; `target` and `foil` are single tokens as
    the tokenizer writes them; `entities` are strings that occur in the text or name what it is
    about. Parts and thresholds are chosen on `discovery` rows, claims are measured on `test` rows.
    """

    id: str
    split: Split
    text: str
    target: str
    foil: str = ""
    template: str
    entities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PromptFile(Record):
    """The file of prompts beside the circuit, and the discovery row whose graph is drawn."""

    file: FileName
    graph: str = ""
