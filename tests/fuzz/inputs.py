"""What a stranger's file may be: anything at all, or a good file with a few things wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as some

FAR = 1 << 30
PIECES = (
    b"\x00", b"\xff\xfe", b"\r\n", b"{", b"}" * 20, b"[" * 300, b'"', b"\\u0000", b"\xed\xa0\x80",
    b"null", b"NaN", b"-Infinity", b"1e999", b"-1", b"18446744073709551616", b"9" * 400, b": ",
    b"- ", b"&a [*a, *a]", b"<<: *a", b"!!python/object:os.system", b"\t", b"../../etc/passwd",
    b"#", b"'", b"</script>", "\u202e".encode(), b"PK\x03\x04", b"\x93NUMPY", b"\x80\x04\x95",
)  # fmt: skip
ODD = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(-3, 1 << 70),
    some.floats(),
    some.sampled_from(["", "x" * 5000, "../..", "\x00", "\u202e", "-1", "nan", "<bos>"]),
    some.text(max_size=8),
    some.lists(some.integers(-1, 3), max_size=3),
    some.dictionaries(some.text(max_size=3), some.integers(), max_size=2),
    some.just([[[[[[[[]]]]]]]]),
)
PLACE = some.integers(0, FAR)
PIECE = some.one_of(some.binary(max_size=16), some.sampled_from(PIECES))
EDIT = some.one_of(
    some.tuples(some.just("set"), PLACE, some.binary(min_size=1, max_size=8)),
    some.tuples(some.just("insert"), PLACE, PIECE),
    some.tuples(some.just("delete"), PLACE, some.integers(1, 64)),
    some.tuples(some.just("cut"), PLACE, some.just(0)),
    some.tuples(some.just("again"), PLACE, some.integers(1, 400)),
)  # fmt: skip


def anything_like(sample: bytes) -> some.SearchStrategy[bytes]:
    """Any bytes, or the sample with up to six edits."""
    edited = some.lists(EDIT, min_size=1, max_size=6).map(lambda edits: _edited(sample, edits))
    return some.one_of(edited, edited, edited, some.binary(max_size=300))


def json_like(
    sample: Any, written: Callable[[Any], bytes] | None = None
) -> some.SearchStrategy[bytes]:
    """A JSON value whose parts were replaced or left out, or bytes like its own."""
    write = written or (lambda value: json.dumps(value).encode())
    replaced = some.lists(some.tuples(PLACE, ODD, some.booleans()), min_size=1, max_size=3)
    broken = replaced.map(lambda changes: write(_replaced(sample, changes)))
    return some.one_of(broken, broken, anything_like(write(sample)))


def _edited(content: bytes, edits: list[tuple[str, int, Any]]) -> bytes:
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


def _replaced(sample: Any, changes: list[tuple[int, Any, bool]]) -> Any:
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


def _places(value: Any):
    """Every part of a JSON value, as what holds it and its key there."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in list(keys):
        yield value, key
        yield from _places(value[key])
