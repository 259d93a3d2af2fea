"""Where in a prompt a part acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from atlas.entries.record import Record
from atlas.errors import SchemaError


@dataclass(frozen=True)
class Position(Record):
    """A place in a prompt: `last`, `any`, `{entity: name}` or `{index: number}`.

    `entity` is the last token of the row's entity of that name; `index` counts tokens with the
    beginning-of-sequence token at 0, and from the end if it is negative.
    """

    kind: Literal["last", "any", "entity", "index"]
    entity: str = ""
    index: int | None = None

    @classmethod
    def from_data(cls, data: Any, where: str = "position") -> Self:
        """The position written in `data`; raises SchemaError for anything else."""
        if data == "last":
            return cls("last")
        if data == "any":
            return cls("any")
        if isinstance(data, Mapping) and len(data) == 1:
            ((key, value),) = data.items()
            if key == "entity" and isinstance(value, str):
                return cls("entity", entity=value)
            if key == "index" and isinstance(value, int) and not isinstance(value, bool):
                return cls("index", index=value)
        raise SchemaError(
            where,
            "last, any, {entity: name} or {index: number}",
            f"{data!r}",
            "write one of these forms",
        )

    def __str__(self) -> str:
        if self.kind == "entity":
            return f"last token of {self.entity}"
        return f"token {self.index}" if self.kind == "index" else self.kind
