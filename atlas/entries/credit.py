"""Who curated an entry, what it draws on, and the notebook that runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from atlas.entries.ids import Slug
from atlas.entries.record import Record

Lifecycle = Literal["draft", "active", "deprecated"]
Relation = Literal["analogue_of", "replicates", "describes"]


@dataclass(frozen=True, kw_only=True)
class Curator(Record):
    """A person who answers for an entry: a name and a handle or an ORCID."""

    name: str
    handle: str = ""
    orcid: str = ""


@dataclass(frozen=True, kw_only=True)
class Source(Record):
    """A resource that the entry draws on, and where in it to look."""

    resource: str
    relation: Relation
    where: str = ""


@dataclass(frozen=True, kw_only=True)
class NotebookCall(Record):
    """The notebook that runs an entry (`notebooks/<name>.ipynb`) and its own parameters."""

    name: Slug
    parameters: Mapping[str, Any] = field(default_factory=dict)
