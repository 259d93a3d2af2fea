"""What the dashboards of a model are made from, in one digest: equal ones need no second run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from atlas.entries.digests import text_digest
from atlas.entries.library import Library
from atlas.errors import BadInput
from atlas.runs.dashboard_layouts import MANIFEST_FILE
from atlas.runs.dashboard_parts import PLAN_FILE
from atlas.runs.provenance import code_digest, versions, weights_digest


def dashboard_key(
    library: Library, model: str, dictionaries: Sequence[str], asked: Mapping[str, Any]
) -> str:
    """A digest of the bytes of weights and tokens, the code and its libraries, and the options."""
    entry = library.models[model]
    made_from = {
        "weights": [weights_digest(library.root, entry, each) for each in dictionaries],
        "code": code_digest(),
        "versions": versions(),
        "asked": dict(asked),
    }
    return text_digest(json.dumps(made_from, sort_keys=True, default=str))


def is_made(folder: Path, dictionaries: Sequence[str], key: str) -> bool:
    """Whether a folder holds the dashboards of this key, of every dictionary."""
    several = len(dictionaries) > 1
    places = [folder / each for each in dictionaries] if several else [folder]
    return all(_key_in(place / MANIFEST_FILE) == key for place in places)


def check_replaceable(folder: Path) -> None:
    """Raise BadInput where a folder holds anything but dashboards that were made before."""
    known = {path.parent for path in folder.rglob(MANIFEST_FILE)} | {folder}
    if folder.exists() and (
        not any(folder.rglob(MANIFEST_FILE))
        or {path.parent for path in folder.rglob("*") if path.is_file()} - known
    ):
        raise BadInput(str(folder), "dashboards that were made before", "something else")


def forget_recording(folder: Path, key: str) -> None:
    """Delete the recording of a folder unless it is for this key and the folder is not.

    A recording whose dashboards are there is of a run that was killed after its last step.
    """
    recording = folder.with_name(f"{folder.name}.recording")
    made = {_key_in(path) for path in folder.rglob(MANIFEST_FILE)}
    if recording.exists() and (_key_in(recording / PLAN_FILE) != key or key in made):
        shutil.rmtree(recording)


def _key_in(path: Path) -> str:
    """The key in a manifest or a plan; none where it cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(found.get("made_from", "")) if isinstance(found, dict) else ""
