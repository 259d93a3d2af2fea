"""A resource: a paper, tool or data set that entries draw on, with where each fact was checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from atlas.entries.record import Record


@dataclass(frozen=True, kw_only=True)
class Checked(Record):
    """When and where somebody looked up what the file says."""

    date: str
    where: str


@dataclass(frozen=True, kw_only=True)
class Resource(Record):
    """A resource: one file under `resources/`. What was not checked stays empty."""

    schema_version: int
    id: str
    title: str
    kind: Literal["paper", "article", "tool", "dataset", "website"]
    year: int | None = None
    authors: tuple[str, ...] = ()
    url: str = ""
    arxiv: str = ""
    doi: str = ""
    code_url: str = ""
    summary: str
    topics: tuple[str, ...]
    checked: Checked

    @property
    def is_publication(self) -> bool:
        """Whether agreement with it can count as a replication."""
        return self.kind in ("paper", "article")
