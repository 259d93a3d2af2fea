"""The one reader of YAML: data and places from a single parse.

Scalars follow YAML 1.2; keys are always text, as written; a key given twice, an alias, a tag or
a second document is refused. Size and depth are bounded, so a hostile file costs little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from atlas.entries.document import Place
from atlas.entries.problems import Problem, UnreadableFile, field_path
from atlas.entries.text import printable, quoted
from atlas.entries.yaml_scalars import UnusableNumberError, plain_scalar

MOST_BYTES = 1_000_000  # the largest circuit that anyone would read through is a tenth of this
DEEPEST = 40  # entries nest eight deep
# libyaml composes by recursion in C and runs off the stack far beyond this depth. Flow nesting
# costs a bracket per level and block nesting a character of one line, so a file below both
# numbers cannot be deeper than they are; any other file is measured first.
_SAFE_DEPTH = 1_000

_UNTAGGED = "untagged"

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _NodeLoader(_Base):  # type: ignore[misc]  # the C loader has no types
    """Composes nodes and leaves the meaning of every scalar to `plain_scalar`."""

    def resolve(self, kind: type, value: str, implicit: tuple[bool, bool]) -> str:
        """The tag of a node that has none: a name that no file can write."""
        return _UNTAGGED


@dataclass(frozen=True)
class YamlDocument:
    """A YAML file that was read: its data, and the nodes that know where everything stands."""

    file: str
    text: str
    data: Any
    root: yaml.Node = field(repr=False, compare=False)

    def place(self, path: Sequence[str | int]) -> Place:
        """Where the value at this path stands, or the nearest value above it."""
        node = self.root
        for step in path:
            inner = _child(node, step)
            if inner is None:
                break
            node = inner[1]
        return _place(node)

    def key_place(self, path: Sequence[str | int]) -> Place:
        """Where the key that the path ends in stands; the value's place for an item of a list."""
        node = self.root
        for step in path[:-1]:
            inner = _child(node, step)
            if inner is None:
                return _place(node)
            node = inner[1]
        last = _child(node, path[-1]) if path else None
        return _place(last[0] or last[1]) if last else _place(node)


def read_yaml(path: Path, shown_as: str = "") -> YamlDocument:
    """The document in a file; raises UnreadableFile, which carries the problem and its place."""
    file = shown_as or str(path)
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        reason = printable(error.strerror or "an error of the system")
        raise _refuse(file, (1, 1), "E001", ("a readable file", reason, "check the path")) from None
    if size > MOST_BYTES:
        message = (f"at most {MOST_BYTES:,} bytes", f"{size:,}", "move data into files of its own")
        raise _refuse(file, (1, 1), "E008", message)
    return parse_yaml(raw, file)


def parse_yaml(raw: bytes, file: str) -> YamlDocument:
    """The document in these bytes; raises UnreadableFile."""
    text = decode(raw, file)
    root = _compose(text, file)
    if root is None:
        message = ("a mapping of keys and values", "an empty file", "write the entry")
        raise _refuse(file, (1, 1), "E011", message)
    data = _Builder(file).value(root, ())
    if not isinstance(data, dict):
        message = ("a mapping of keys and values", quoted(data), "write `key: value` lines")
        raise _refuse(file, _place(root), "E012", message)
    return YamlDocument(file, text, data, root)


def decode(raw: bytes, file: str) -> str:
    """The text of a file in UTF-8 without a byte order mark; raises UnreadableFile otherwise."""
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        message = ("UTF-8 without a byte order mark", "a byte order mark", "save it without one")
        raise _refuse(file, (1, 1), "E002", message)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        place = (before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        message = ("text in UTF-8", f"the byte 0x{raw[error.start]:02x}", "save the file as UTF-8")
        raise _refuse(file, place, "E001", message) from None


def _compose(text: str, file: str) -> yaml.Node | None:
    try:
        longest_line = max(map(len, text.split("\n")))
        if max(longest_line, text.count("[") + text.count("{")) > _SAFE_DEPTH:
            _measure_depth(text, file)
        loader = _NodeLoader(text)
        try:
            root: yaml.Node | None = loader.get_single_node()
            return root
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise _syntax_problem(error, text, file) from None


def _measure_depth(text: str, file: str) -> None:
    """Refuse a file whose nesting would run the composer off the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_NodeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise _too_deep(file, event.start_mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _syntax_problem(error: yaml.YAMLError, text: str, file: str) -> UnreadableFile:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    reason = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "an error")
    place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if "but found another document" in reason:
        message = ("one document", "a second one", "keep one entry per file")
        return _refuse(file, place, "E011", message)
    if "undefined alias" in reason:
        return _refuse(file, place, "E006", ("no aliases", "an alias", "write the value out"))
    lines = text.split("\n")
    line = lines[place[0] - 1] if place[0] <= len(lines) else ""
    if "\t" in line[: place[1]] and not line[: line.index("\t")].strip(" -"):
        message = ("spaces before the value", "a tab", "indent with spaces only")
        return _refuse(file, (place[0], line.index("\t") + 1), "E004", message)
    found = f"a syntax error ({printable(reason, 120)})"
    action = "check quotes, colons and indentation around this place"
    return _refuse(file, place, "E003", ("valid YAML", found, action))


def _too_deep(file: str, mark: Any) -> UnreadableFile:
    message = (f"at most {DEEPEST} levels of nesting", "more", "flatten the entry")
    return _refuse(file, (mark.line + 1, mark.column + 1), "E009", message)


class _Builder:
    """Turns nodes into plain data, each node once."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.seen: set[int] = set()

    def value(self, node: yaml.Node, path: tuple[str | int, ...]) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, path)
        if id(node) in self.seen:
            message = ("no aliases", "an alias", "write the value out")
            raise self.refuse(node, path, "E006", message)
        self.seen.add(id(node))
        if len(path) >= DEEPEST:
            raise _too_deep(self.file, node.start_mark)
        if node.tag != _UNTAGGED:
            raise self.tagged(node, path)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        return [self.value(item, (*path, number)) for number, item in enumerate(node.value)]

    def mapping(self, node: yaml.MappingNode, path: tuple[str | int, ...]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                message = ("a word as the key", "a list or mapping", "write `key: value`")
                raise self.refuse(key_node, path, "E013", message)
            key = key_node.value
            if key in data:
                first = next(one for one, _ in node.value if one.value == key)
                message = (
                    "each key once",
                    f"a second {quoted(key)}, first given in line {first.start_mark.line + 1}",
                    "keep one of them",
                )
                raise self.refuse(key_node, (*path, key), "E005", message)
            data[key] = self.value(value_node, (*path, key))
        return data

    def scalar(self, node: yaml.ScalarNode, path: tuple[str | int, ...]) -> Any:
        if node.tag != _UNTAGGED:
            raise self.tagged(node, path)
        if node.style:
            return node.value
        try:
            return plain_scalar(node.value)
        except UnusableNumberError:
            message = (
                "a finite number",
                quoted(node.value, 40),
                "write a number, or quote the text",
            )
            raise self.refuse(node, path, "E010", message) from None

    def tagged(self, node: yaml.Node, path: tuple[str | int, ...]) -> UnreadableFile:
        message = ("no tags", quoted(str(node.tag), 60), "remove the word that begins with !")
        return self.refuse(node, path, "E007", message)

    def refuse(
        self,
        node: yaml.Node,
        path: tuple[str | int, ...],
        code: str,
        message: tuple[str, str, str],
    ) -> UnreadableFile:
        return _refuse(self.file, _place(node), code, message, field_path(path))


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node | None, yaml.Node] | None:
    """The key's node and the value's node one step down; None where there is no such step."""
    if isinstance(node, yaml.MappingNode) and isinstance(step, str):
        for key, value in node.value:
            if key.value == step:
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def _refuse(
    file: str,
    place: Place | tuple[int, int],
    code: str,
    message: tuple[str, str, str],
    field_name: str = "",
) -> UnreadableFile:
    if isinstance(place, tuple):
        place = Place(*place)
    expected, found, action = message
    return UnreadableFile(
        Problem(file, place.line, place.column, code, field_name, expected, found, action)
    )
