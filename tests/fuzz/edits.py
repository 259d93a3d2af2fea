"""What is done to a good file to make a bad one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

FAR = 1 << 30  # a place in a file, counted round and round
PIECES = (
    b"\x00", b"\xff\xfe", b"\r\n", b"{", b"}" * 20, b"[" * 300, b"[" * 9000, b'"', b"\\u0000",
    b"\xed\xa0\x80", b"null", b"NaN", b"-Infinity", b"1e999", b"-1", b"18446744073709551616",
    b"9" * 400, b": ", b"- ", b"&a [*a, *a]", b"<<: *a", b"!!python/object:os.system", b"\t",
    b"../../etc/passwd", b"#", b"'", b"</script>", "\u202e".encode(), b"PK\x03\x04",
    b"\x93NUMPY", b"\x80\x04\x95",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1 << 70, 0.5, 1e999, float("nan"), "", "x" * 5000, "../..", "\x00", "\u202e",
    "-1", "nan", "<bos>", [], [-1, 3], {}, {"": 1}, [[[[[[[[]]]]]]]],
)  # fmt: skip


def edited(content: bytes, edits: list[tuple[str, int, Any]]) -> bytes:
    """The content after edits: what is done, where, and with what."""
    for kind, place, what in edits:
        at = place % (len(content) + 1)
        if kind == "set":
            content = content[:at] + what + content[at + len(what) :]
        elif kind == "insert":
            content = content[:at] + what + content[at:]
        elif kind == "delete":
            content = content[:at] + content[at + what :]
        elif kind == "cut":
            content = content[:at]
        else:
            content = content[:at] + content[max(at - what, 0) :]
    return content


def replaced(sample: Any, changes: list[tuple[int, Any, bool]]) -> Any:
    """The JSON value after changes: where, what stands there then, or whether it is left out."""
    value = json.loads(json.dumps(sample))
    for place, odd, left_out in changes:
        places = list(_places(value))
        if not places:
            return odd
        holder, key = places[place % len(places)]
        if left_out and isinstance(holder, dict):
            del holder[key]
        else:
            holder[key] = json.loads(json.dumps(odd))
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every part of a JSON value, as what holds it and its key there."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in list(keys):
        yield value, key
        yield from _places(value[key])
