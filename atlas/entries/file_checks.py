"""What is demanded of files as wholes: their place, their first line, no choice of mode."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from atlas.entries.form import first_line_for, formed
from atlas.entries.ids import FeatureId, is_slug
from atlas.entries.library import Library
from atlas.entries.problems import Problem
from atlas.entries.text import quoted
from atlas.entries.yaml_source import YamlDocument
from atlas.errors import SchemaError
from atlas.files.names import is_passing

# Machine-written files that lie beside entries.
_BESIDE_CIRCUIT = ("circuit.yaml", "graph.npz", "reproduction.json", "retrained.json")
# What is read and shown wherever it leads, so a link could show what is nobody's to see.
_SHOWN = ("circuits", "docs", "features", "models", "notebooks", "resources", "vocabulary")
_NOTES = ("README.md", ".gitkeep", ".gitignore")


def misplaced(library: Library) -> Iterator[Problem]:
    """A problem for each file or folder that lies where no entry belongs."""
    root = library.root
    for folder in _children(root / "circuits"):
        if not folder.is_dir() or not is_slug(folder.name):
            yield _stray(root, folder, "a folder circuits/<id>/, the id in lower case")
        elif not (folder / "circuit.yaml").is_file():
            yield _stray(root, folder, "a folder with circuit.yaml")
        else:
            for path in _children(folder):
                if path.name not in _BESIDE_CIRCUIT and path.suffix != ".jsonl":
                    expected = f"{', '.join(_BESIDE_CIRCUIT)}, prompts as .jsonl"
                    yield _stray(root, path, expected)
    for kind in ("models", "resources", "vocabulary"):
        for path in _children(root / kind):
            if path.suffix != ".yaml" or not is_slug(path.stem) or path.is_dir():
                yield _stray(root, path, f"a file {kind}/<id>.yaml, the id in lower case")
    yield from _misplaced_features(root)
    yield from _links(root)


def _links(root: Path) -> Iterator[Problem]:
    for name in _SHOWN:
        for folder, folders, files in os.walk(root / name):
            for path in (Path(folder, each) for each in sorted((*folders, *files))):
                if path.is_symlink():
                    yield _stray(root, path, "a file or folder itself, not a link")


def _misplaced_features(root: Path) -> Iterator[Problem]:
    for folder, _, names in os.walk(root / "features"):
        for name in sorted(names):
            path = Path(folder, name)
            stem = name.removesuffix(".reproduction.json").removesuffix(".yaml")
            place = path.with_name(stem).relative_to(root / "features").as_posix()
            try:
                FeatureId.parse(place)
            except SchemaError:
                if name not in _NOTES and not is_passing(path):
                    expected = "a file features/<model>/<dictionary>/<layer>-<index>.yaml"
                    yield _stray(root, path, expected)


def _children(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = sorted(path for path in folder.iterdir() if path.name not in _NOTES)
    return [path for path in found if not is_passing(path)]


def _stray(root: Path, path: Path, expected: str) -> Problem:
    file = path.relative_to(root).as_posix()
    return Problem(file, 1, 1, "E122", "", expected, quoted(path.name), "move or remove it")


def first_line_of(schema: Path, path: Path) -> str:
    """The first line that a file should have: its schema by its relative path."""
    return first_line_for(Path(os.path.relpath(schema, path.parent)).as_posix())


def previous_version(document: YamlDocument) -> Problem:
    """The problem of a file that is read as if it had the current version of its format."""
    version = document.data["schema_version"]
    place = document.place(("schema_version",))
    expected, found = f"the current version, {version + 1}", str(version)
    action = "run `atlas check --fix`, which edits it and keeps its comments"
    return Problem(
        document.file, place.line, place.column, "E139", "schema_version", expected, found, action
    )


def form(document: YamlDocument, kind: str) -> Iterator[Problem]:
    """A problem if the text is not in the one form, at the first line that would change."""
    text = formed(document.text, kind, document)
    if text == document.text:
        return
    old, new = document.text.split("\n"), text.split("\n")
    pairs = enumerate(zip_longest(old, new))
    line, (found, expected) = next(each for each in pairs if each[1][0] != each[1][1])
    yield Problem(
        document.file,
        line + 1,
        1,
        "E136",
        "",
        f"{quoted(expected)} in the form of all entries",
        quoted(found),
        "run `atlas check --fix`, which changes no value",
    )


def first_line(document: YamlDocument, schema: Path, path: Path) -> Iterator[Problem]:
    """A problem if the first line does not name the schema by its relative path."""
    expected = first_line_of(schema, path)
    found = document.text.split("\n", 1)[0].rstrip("\r")
    if found != expected:
        yield Problem(
            document.file,
            1,
            1,
            "E121",
            "",
            f'"{expected}" as the first line',
            quoted(found),
            "put it there, so that editors complete and check the file",
        )


def chosen_mode(document: YamlDocument) -> Iterator[Problem]:
    """A problem for each claim or intervention that wants to choose how it is run.

    Runs with attention or later features frozen are read off the graph, so they are no evidence.
    """
    for group in ("claims", "interventions"):
        items: Any = document.data.get(group)
        for number, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict) and "mode" in item:
                place = document.key_place((group, number, "mode"))
                yield Problem(
                    document.file,
                    place.line,
                    place.column,
                    "E133",
                    f"{group}[{number}].mode",
                    "no mode: claims are measured in the real model with everything live",
                    quoted(item["mode"]),
                    "remove it",
                )


def shared_ids(library: Library) -> Iterator[Problem]:
    """A problem for each id that is a circuit's and a resource's: analogue_of could mean either."""
    for entry_id in library.circuits:
        if entry_id in library.resources:
            yield Problem(
                f"circuits/{entry_id}/circuit.yaml",
                1,
                1,
                "E132",
                "id",
                "an id that no resource has",
                f"that of resources/{entry_id}.yaml",
                "rename one of them",
            )
