"""Brings entries of the previous version of a format to the current one, comments and all.

A version of a schema is its `schema_version`; keys that may be left out are added without a new
one. Where a change breaks old files, the schema gets the next number and this table the edits that
lead there. Files of the version before are then read as if they had been edited, with a warning,
and `atlas check --fix` edits them. Older ones are refused.

Baselines are keyed by the bytes of their entry, so that an edited entry is measured anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from atlas.entries.yaml_source import YamlDocument, parse_yaml

Change = tuple[int, int, str]  # from, to, and what comes in place of it


@dataclass(frozen=True)
class RenameKey:
    """A key gets another name; `*` in its path stands for each item of a list."""

    path: tuple[str, ...]
    to: str


@dataclass(frozen=True)
class ChangeWord:
    """A value that is one of these words becomes another; both as YAML writes them."""

    path: tuple[str, ...]
    words: Mapping[str, str]


@dataclass(frozen=True)
class Migration:
    """What leads from one version of a kind's format to the next, which is the current one."""

    version: int  # that it leads from
    edits: tuple[RenameKey | ChangeWord, ...]


MIGRATIONS: dict[str, Migration] = {}
"""By kind of entry. Empty: every format is still at its first version."""


def migrated(document: YamlDocument, kind: str) -> YamlDocument:
    """The document at the current version; the same one where it is not of the version before.

    Raises UnreadableFile if the edits make it so, as a name that is already taken does.
    """
    migration = MIGRATIONS.get(kind)
    if migration is None or document.data.get("schema_version") != migration.version:
        return document
    changes = [change for edit in migration.edits for change in _changes(document, edit)]
    number = ChangeWord(("schema_version",), {str(migration.version): str(migration.version + 1)})
    text = document.text
    for start, end, new in sorted([*changes, *_changes(document, number)], reverse=True):
        text = text[:start] + new + text[end:]
    return parse_yaml(text.encode(), document.file)


def _changes(document: YamlDocument, edit: RenameKey | ChangeWord) -> Iterator[Change]:
    for key, value in _found(document.root, edit.path):
        if isinstance(edit, RenameKey):
            yield key.start_mark.index, key.end_mark.index, edit.to
        elif isinstance(value, yaml.ScalarNode) and value.value in edit.words:
            yield value.start_mark.index, value.end_mark.index, edit.words[value.value]


def _found(node: yaml.Node, path: tuple[str, ...]) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Each key with its value at a path."""
    step, rest = path[0], path[1:]
    if step == "*" and isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _found(item, rest)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                yield from _found(value, rest) if rest else [(key, value)]
