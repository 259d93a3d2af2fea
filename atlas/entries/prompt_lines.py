"""Reads a circuit's prompts for checking: the rows that are right, and what is wrong elsewhere."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from atlas.entries.hostile import hostile_problems
from atlas.entries.json_source import read_lines
from atlas.entries.problems import Problem, UnreadableFile
from atlas.entries.prompts import PromptRow
from atlas.entries.rules.rule import Row
from atlas.entries.schema_validation import schema_problems

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_REQUIRED = {"id", "split", "text", "target", "template"}
_KEYS = {*_REQUIRED, "foil", "entities"}


def read_prompt_lines(path: Path, shown_as: str) -> tuple[tuple[Row, ...], list[Problem]]:
    """The rows that fit their schema, and the problems of the others."""
    rows, problems = [], []
    try:
        for line in read_lines(path, shown_as):
            if isinstance(line, Problem):
                problems.append(line)
                continue
            problems += hostile_problems(line)
            # The full check costs a hundred times as much, so plainly right rows are spared it.
            if plainly_right(line.data):
                rows.append(Row(PromptRow(**line.data), line))
                continue
            found = schema_problems("prompts", line)
            problems += found
            if not found:
                rows.append(Row(PromptRow.from_data(line.data), line))
    except UnreadableFile as error:
        problems.append(error.problem)
    return tuple(rows), problems


def plainly_right(data: dict[str, Any]) -> bool:
    """Whether the row certainly fits the schema; False says nothing."""
    entities = data.get("entities", {})
    return (
        _REQUIRED <= data.keys() <= _KEYS
        and all(type(data[key]) is str for key in data if key != "entities")
        and type(entities) is dict
        and len(entities) <= 50
        and all(_plain_entity(name, value) for name, value in entities.items())
        and len(data["id"]) <= 100
        and _ID.fullmatch(data["id"]) is not None
        and data["split"] in ("discovery", "test")
        and 0 < len(data["text"]) <= 8000
        and 0 < len(data["target"]) <= 100
        and 0 < len(data.get("foil", "-")) <= 100
        and 0 < len(data["template"]) <= 100
        and "\n" not in data["template"]
        and data["template"].strip() == data["template"]
    )


def _plain_entity(name: str, value: Any) -> bool:
    return type(value) is str and 0 < len(value) <= 200 and _is_name(name)


@lru_cache(maxsize=1000)  # rows repeat a handful of names
def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None
