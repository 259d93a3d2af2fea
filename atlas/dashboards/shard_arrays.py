"""A file of named arrays with a JSON header: what browsers read dashboards from.

Gzip over: eight bytes that name the format, the header's length (four bytes, little-endian), the
header (JSON in UTF-8), then the arrays, each from a multiple of eight bytes on. The header's
`arrays` has for each its type as in numpy (`<u2`), where its bytes start after the header, and how
many numbers it has.
"""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from atlas.errors import DAMAGED, UnknownFormat

MAGIC = b"ATLASHD1"
TYPES = frozenset({"|u1", "<u2", "<u4", "|i1", "<i2", "<i4", "<f4"})
LARGEST = 256 << 20  # bytes after unpacking
LEVEL = 6  # of gzip: 9 takes three times as long for 2 % less


@dataclass(frozen=True)
class ArrayFile:
    """A header and arrays."""

    header: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]

    def packed(self) -> bytes:
        """The file's bytes: equal content gives equal bytes."""
        places: dict[str, tuple[str, int, int]] = {}
        body = bytearray()
        for name, array in self.arrays.items():
            flat = np.ascontiguousarray(array).reshape(-1)
            kind = flat.dtype.newbyteorder("<").str if flat.dtype.itemsize > 1 else flat.dtype.str
            if kind not in TYPES:
                raise ValueError(f"array {name}: no type of shards: {kind}")
            body += b"\0" * (-len(body) % 8)
            places[name] = (kind, len(body), len(flat))
            body += flat.astype(kind).tobytes()
        text = json.dumps(
            {**self.header, "arrays": places}, ensure_ascii=False, separators=(",", ":")
        ).encode()
        text += b" " * (-(len(text) + len(MAGIC) + 4) % 8)
        whole = MAGIC + struct.pack("<I", len(text)) + text + bytes(body)
        return gzip.compress(whole, LEVEL, mtime=0)

    @classmethod
    def read(cls, path: Path) -> ArrayFile:
        """Read what `packed` gave. Raises UnknownFormat for anything else."""
        try:
            with gzip.open(path) as file:
                whole = file.read(LARGEST + 1)
            if len(whole) > LARGEST or whole[: len(MAGIC)] != MAGIC:
                raise ValueError("other bytes, or more than 256 MB of them")
            (length,) = struct.unpack_from("<I", whole, len(MAGIC))
            start = len(MAGIC) + 4
            header = json.loads(whole[start : start + length])
            body = memoryview(whole)[start + length :]
            arrays = {name: _array(body, *place) for name, place in header.pop("arrays").items()}
        except DAMAGED as error:
            raise UnknownFormat(str(path), "a shard of dashboards", str(error)[:200]) from error
        return cls(header, arrays)


def smallest(values: np.ndarray) -> np.ndarray:
    """The same whole numbers, none below 0, in the smallest type of shards that holds them."""
    largest = int(values.max(initial=0))
    kind = "|u1" if largest < 1 << 8 else "<u2" if largest < 1 << 16 else "<u4"
    return values.astype(kind)


def _array(body: memoryview, kind: str, start: int, count: int) -> np.ndarray:
    if kind not in TYPES or start < 0 or count < 0:
        raise ValueError(f"no place of an array: {kind} {start} {count}")
    return np.frombuffer(body, dtype=kind, count=count, offset=start)
