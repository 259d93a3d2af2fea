"""Puts the keys of a YAML text into the order of its schema, and moves nothing else.

A key moves with its value, the comment behind it, and the comment lines directly above it. Only
mappings in block style are ordered; every byte that need not move stays, because baselines are
keyed by the bytes of their entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

Change = tuple[int, int, str]  # from, to, and what comes in place of it


def ordered(text: str, root: yaml.Node, schema: Mapping[str, Any]) -> str:
    """The text, which `root` was composed from and which ends in a line feed, in order."""
    return _applied(text, 0, len(text), _changes(text, root, schema))


def _applied(text: str, start: int, end: int, changes: Iterator[Change]) -> str:
    """The stretch of the text with changes made that follow one another within it."""
    pieces = []
    for low, high, new in changes:
        pieces += [text[start:low], new]
        start = high
    return "".join([*pieces, text[start:end]])


def _changes(text: str, node: yaml.Node, schema: Mapping[str, Any]) -> Iterator[Change]:
    """What must change in a node, from the front to the back."""
    if isinstance(node, yaml.SequenceNode):
        items = schema.get("items")
        if isinstance(items, dict):
            for item in node.value:
                yield from _changes(text, item, items)
    elif isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        properties = schema.get("properties", {})
        order = _wanted_order([key.value for key, _ in node.value], list(properties))
        stretches = [] if order == sorted(order) else _stretches(text, node)
        inner = [_inner(schema, key.value) for key, _ in node.value]
        if not stretches or not _can_begin(stretches, order):
            for (_, value), below in zip(node.value, inner, strict=True):
                yield from _changes(text, value, below)
            return
        for stretch, (_, value), below in zip(stretches, node.value, inner, strict=True):
            stretch.text = _applied(text, stretch.start, stretch.end, _changes(text, value, below))
        yield stretches[0].start, stretches[-1].end, _joined([stretches[at] for at in order])


def _inner(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The schema of what a key holds; empty where there is none."""
    found = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
    return found if isinstance(found, dict) else {}


def _wanted_order(keys: Sequence[str], known: Sequence[str]) -> list[int]:
    """Places of the keys in their right order; an unknown key stays behind the one before it."""
    ranks: list[int] = []
    for key in keys:
        ranks.append(known.index(key) if key in known else ranks[-1] if ranks else -1)
    return sorted(range(len(keys)), key=ranks.__getitem__)


@dataclass
class _Stretch:
    """A key with all that moves with it: whole lines, but for the first of a list's item."""

    start: int
    end: int
    column: int  # of the key
    first: bool  # begins at its key, the others at the beginning of a line
    after_dash: bool  # the mapping begins behind a dash
    commented: bool  # has comment lines above its key
    text: str = ""


def _stretches(text: str, node: yaml.MappingNode) -> list[_Stretch]:
    """The mapping cut into its keys; empty where a key does not begin a line of its own."""
    keys = [key.start_mark.index for key, _ in node.value]
    column = node.value[0][0].start_mark.column
    before = text[_line_start(text, keys[0]) : keys[0]]
    after_dash = bool(before.strip())
    starts, ends = [keys[0]], []
    for place, start in enumerate(keys[1:]):
        line = _line_start(text, start)
        if text[line:start] != " " * column:
            return []
        ends.append(_line_end(text, _content_end(text, node.value[place][1])))
        starts.append(_attached(text, ends[-1], line, column))
    ends.append(_line_end(text, _content_end(text, node.value[-1][1])))
    return [
        _Stretch(
            start,
            starts[number + 1] if number + 1 < len(starts) else ends[-1],
            column,
            number == 0,
            after_dash,
            number > 0 and start != _line_start(text, keys[number]),
        )
        for number, start in enumerate(starts)
    ]


def _can_begin(stretches: Sequence[_Stretch], order: Sequence[int]) -> bool:
    """Comment lines have no place behind the dash that a mapping in a list begins with."""
    leading = stretches[order[0]]
    return not (leading.after_dash and leading.commented)


def _joined(stretches: Sequence[_Stretch]) -> str:
    """The keys in their new order: the first begins behind what stands before the mapping."""
    pieces = []
    for number, one in enumerate(stretches):
        piece = (" " * one.column if one.first else "") + one.text
        pieces.append(piece[one.column :] if number == 0 else piece)
    return "".join(pieces)


def _content_end(text: str, node: yaml.Node) -> int:
    """Where the last visible character of a node ends."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _content_end(text, last[1] if isinstance(last, tuple) else last)
    end: int = node.end_mark.index
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        # The mark of a block of text stands behind the empty lines that follow it.
        while text[end - 1].isspace():
            end -= 1
    return end


def _attached(text: str, after: int, line: int, column: int) -> int:
    """Where the comment lines that belong to a key begin, no earlier than `after`.

    They stand directly above it and in its column. A comment indented behind its # goes on with
    what stands above it, as examples of a template do.
    """
    comments = []
    start = line
    while start > after:
        above = _line_start(text, start - 1)
        if not text.startswith(" " * column + "#", above):
            break
        start = above
        comments.append(start)
    for start in reversed(comments):
        if not text.startswith("  ", start + column + 1):
            return start
    return line


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    """Behind the line feed that ends the line."""
    return text.index("\n", at) + 1
