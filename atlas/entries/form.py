"""The one form of an entry's text: what `atlas check --fix` writes, without changing any value.

The current version of the format, line feeds, no spaces at the ends of lines, the schema named in
the first line, keys in the order of the schema, texts of several lines as blocks. Comments stay
with what they speak of. Lists are left in their order, which may carry meaning, and lines are not
wrapped anew, so that a form once accepted stays the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from atlas.entries.migrations import migrated
from atlas.entries.problems import UnreadableFile
from atlas.entries.schema_validation import load_schema
from atlas.entries.text import HOSTILE
from atlas.entries.yaml_order import Change, ordered
from atlas.entries.yaml_source import YamlDocument, parse_yaml

MARK = "# yaml-language-server:"  # how the line begins that names the schema
_BLANKS = re.compile(r"[ \t]+(?=\n)")
_UNFIT_FOR_BLOCK = re.compile(r"\A[\s]|\n\n\Z|^[ \t]+$|\t", re.MULTILINE)


def first_line_for(schema: str) -> str:
    """The line that names the schema for editors, from its path as seen from the file."""
    return f"{MARK} $schema={schema}"


def with_first_line(text: str, first_line: str) -> str:
    """The text with that line at its top, in place of one that names another schema."""
    top, _, rest = text.partition("\n")
    if top == first_line:
        return text
    return f"{first_line}\n{rest if top.startswith(MARK) else text}"


def formed(text: str, kind: str, document: YamlDocument | None = None) -> str:
    """The text of an entry in the one form; unchanged but for line feeds if it cannot be read.

    `document` is what the text was read as, if it was. The first line is not looked at.
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    try:
        given = document is not None and plain == text
        before = migrated(document if document and given else _read(plain), kind)
        found = _trimmed(_ordered(_in_blocks(_trimmed(before)), kind))
        same = found is before or _same(found.data, before.data)
        return found.text if same else plain
    except UnreadableFile:
        return plain


def _read(text: str) -> YamlDocument:
    return parse_yaml(text.encode("utf-8", "surrogatepass"), "")


def _same(data: Any, other: Any) -> bool:
    """Whether both are the same values; the order of keys has no meaning."""
    return json.dumps(data, sort_keys=True) == json.dumps(other, sort_keys=True)


def _changed(document: YamlDocument, text: str) -> YamlDocument:
    return document if text == document.text else _read(text)


def _trimmed(document: YamlDocument) -> YamlDocument:
    """Without spaces at the ends of lines, but for texts of several lines; one line feed last."""
    text = document.text
    if not _BLANKS.search(text) and text.endswith("\n") and not text.endswith("\n\n"):
        return document
    pieces, at = [], 0
    for node in _scalars(document.root):
        low, high = node.start_mark.index, node.end_mark.index
        if "\n" in text[low:high]:
            pieces += [_BLANKS.sub("", text[at:low]), text[low:high]]
            at = high
    pieces.append(_BLANKS.sub("", text[at:]).rstrip())
    return _changed(document, "".join(pieces).rstrip("\n") + "\n")


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """All texts and words of a file, from the front to the back."""
    if isinstance(node, yaml.ScalarNode):
        yield node
    for each in node.value if isinstance(node, yaml.CollectionNode) else ():
        for inner in each if isinstance(each, tuple) else (each,):
            yield from _scalars(inner)


def _in_blocks(document: YamlDocument) -> YamlDocument:
    """With quoted texts of several lines written as blocks."""
    text, pieces, at = document.text, [], 0
    for low, high, new in _blocks(text, document.root):
        pieces += [text[at:low], new]
        at = high
    return _changed(document, "".join([*pieces, text[at:]]))


def _blocks(text: str, node: yaml.Node) -> Iterator[Change]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _blocks(text, item)
    elif isinstance(node, yaml.MappingNode) and not node.flow_style:
        for key, value in node.value:
            block = _block(text, key, value)
            if block:
                yield key.end_mark.index, value.end_mark.index, block
            else:
                yield from _blocks(text, value)


def _block(text: str, key: yaml.Node, value: yaml.Node) -> str:
    """What stands behind the key once its text is a block; empty where it stays as it is."""
    if not isinstance(value, yaml.ScalarNode) or value.style not in ('"', "'"):
        return ""
    words: str = value.value
    if "\n" not in words:
        return ""
    end = value.end_mark.index
    behind = text[end : text.index("\n", end)]
    between = text[key.end_mark.index : value.start_mark.index]
    if behind.strip() or between.strip() != ":":
        return ""
    if _UNFIT_FOR_BLOCK.search(words) or HOSTILE.search(words):
        return ""
    indent = " " * (key.start_mark.column + 2)
    lines = [f"{indent}{line}" if line else "" for line in words.removesuffix("\n").split("\n")]
    return "\n".join([": |" if words.endswith("\n") else ": |-", *lines])


def _ordered(document: YamlDocument, kind: str) -> YamlDocument:
    """With the keys in the order of the schema."""
    return _changed(document, ordered(document.text, document.root, load_schema(kind)))
