"""JSON as the site holds it: compact, only real numbers, no invisible controls in its text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from site_builder.html import CONTROLS


def write_json(value: Any, path: Path) -> None:
    """Write compact JSON; refuses numbers that JSON does not have."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """A value as compact JSON; refuses numbers that JSON does not have."""
    visible = without_controls(value)
    return json.dumps(visible, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def without_controls(value: Any) -> Any:
    """A JSON value whose strings have no invisible controls."""
    if isinstance(value, str):
        return CONTROLS.sub("", value)
    if isinstance(value, Mapping):
        return {key: without_controls(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_controls(each) for each in value]
    return value
