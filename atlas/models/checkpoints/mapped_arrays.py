"""Arrays of an .npz archive as mapped memory, so that only the rows that are used are read.

`numpy.load` reads an archive's arrays into memory whole: 300 MB a layer in GemmaScope. An array
that is stored without compression, as `numpy.savez` stores it, stands in the file as it would in
memory.
"""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

LOCAL_HEADER = struct.Struct("<26xHH")  # of a member: the lengths of its name and extra field


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays by name; compressed ones are read, the others mapped.

    Raises:
        DAMAGED: no whole archive of arrays of numbers.
    """
    # Opened here, because a broken archive would be left open.
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
        members = {info.filename: info for info in archive.zip.infolist()}
        return {
            name: _array(path, archive, members.get(f"{name}.npy"), name) for name in archive.files
        }


def _array(
    path: Path, archive: np.lib.npyio.NpzFile, member: zipfile.ZipInfo | None, name: str
) -> np.ndarray:
    if member is None or member.compress_type != zipfile.ZIP_STORED:
        return np.asarray(archive[name])
    with path.open("rb") as stream:
        stream.seek(member.header_offset)
        header = stream.read(LOCAL_HEADER.size)
        if len(header) < LOCAL_HEADER.size:
            raise EOFError("the archive is cut short")
        start = member.header_offset + LOCAL_HEADER.size + sum(LOCAL_HEADER.unpack(header))
        stream.seek(start)
        shape, by_columns, dtype = read_header(stream)
        place = stream.tell()
    size = int(np.prod(shape)) * dtype.itemsize
    if dtype.hasobject or not size or size != member.file_size - (place - start):
        return np.asarray(archive[name])  # which says what is wrong with it
    # Copied on writing: what the process changes is its own and never reaches the file.
    return np.memmap(path, dtype, "c", place, shape, "F" if by_columns else "C")


def read_header(stream: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order and kind of the array at the start of a stream; ValueError if it is none."""
    if np.lib.format.read_magic(stream) == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    return np.lib.format.read_array_header_2_0(stream)
