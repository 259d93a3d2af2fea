"""What a stranger's file may be: anything at all, or a good file with a few things wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as some

from tests.fuzz.containers import opened
from tests.fuzz.edits import FAR, ODD_VALUES, PIECES, edited, replaced

ODD = some.one_of(
    some.sampled_from(ODD_VALUES),
    some.booleans(),
    some.integers(-3, 1 << 70),
    some.floats(),
    some.text(max_size=8),
    some.lists(some.integers(-1, 3), max_size=3),
    some.dictionaries(some.text(max_size=3), some.integers(), max_size=2),
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
    """Any bytes, or the sample with up to six edits of it or of one of the parts that it wraps."""
    edits = some.lists(EDIT, min_size=1, max_size=6)
    broken = edits.map(lambda each: edited(sample, each))
    within = some.tuples(PLACE, edits).map(lambda each: _edited_within(sample, *each))
    return some.one_of(broken, within, within, some.binary(max_size=300))


def _edited_within(sample: bytes, which: int, edits: list[tuple[str, int, Any]]) -> bytes:
    part, put = opened(sample, which)
    return put(edited(part, edits))


def json_like(
    sample: Any, written: Callable[[Any], bytes] | None = None
) -> some.SearchStrategy[bytes]:
    """A JSON value whose parts were replaced or left out, or bytes like its own."""
    write = written or (lambda value: json.dumps(value).encode())
    changes = some.lists(some.tuples(PLACE, ODD, some.booleans()), min_size=1, max_size=3)
    broken = changes.map(lambda each: write(replaced(sample, each)))
    return some.one_of(broken, broken, anything_like(write(sample)))
