"""A file as the parts that it wraps, so that a change of one leaves lengths and checksums right."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable

import numpy as np

from atlas.errors import DAMAGED

Put = Callable[[bytes], bytes]
LENGTHS = ((0, "<Q"), (8, "<Q"), (8, "<I"))  # where a file says how long its JSON header is
LARGEST_MEMBER = 1 << 20  # bytes of an archive's member; larger ones are left packed


def opened(content: bytes, which: int) -> tuple[bytes, Put]:
    """One of the parts, and what gives the file with another in its place.

    The parts are the members of an archive, or the JSON header of a file that gives its length; a
    file that is neither is its only part.
    """
    try:
        return _member(content, which)
    except DAMAGED:
        pass  # no archive, or a damaged one
    for start, form in LENGTHS:
        begin = start + struct.calcsize(form)
        if content[begin : begin + 1] == b"{":
            (length,) = struct.unpack_from(form, content, start)
            if begin + length <= len(content):
                return content[begin : begin + length], _header_put(content, start, form, length)
    return content, lambda part: part


def _member(content: bytes, which: int) -> tuple[bytes, Put]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        listed = archive.infolist()
        chosen = which % len(listed) if listed else -1
        if any(member.file_size > LARGEST_MEMBER for member in listed):
            raise ValueError("an archive that unpacks to too much")
        members = [(member.filename, archive.read(member)) for member in listed]
    name, old = members[chosen]
    text = _json_text(old)

    def put(part: bytes) -> bytes:
        new = part if text is None else _as_array(part)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for at, (each, data) in enumerate(members):
                archive.writestr(each, new if at == chosen else data)
        return packed.getvalue()

    return (old if text is None else text), put


def _json_text(member: bytes) -> bytes | None:
    """The JSON in an array of bytes; None for any other array."""
    try:
        array = np.load(io.BytesIO(member), allow_pickle=False)
        text = array.tobytes()
        json.loads(text)
        return text if array.dtype == np.uint8 else None
    except DAMAGED:
        return None


def _as_array(text: bytes) -> bytes:
    packed = io.BytesIO()
    np.save(packed, np.frombuffer(text, np.uint8))
    return packed.getvalue()


def _header_put(content: bytes, start: int, form: str, length: int) -> Put:
    begin = start + struct.calcsize(form)

    def put(part: bytes) -> bytes:
        return content[:start] + struct.pack(form, len(part)) + part + content[begin + length :]

    return put
