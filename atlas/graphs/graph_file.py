"""Reads and writes named arrays as an .npz: no objects, the same bytes for the same content.

The reader trusts nothing: it unpickles nothing, reads no more than the limits below, and turns
every way in which a file can be damaged into one GraphFormatError.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from atlas.errors import DAMAGED, GraphFormatError

# 20,000 traced features with a fifth of all edges need about 0.7 GB, 60,000 with 3,000 each 1.5.
MAXIMUM_BYTES = 2 * 2**30
# Weights hardly compress, so a large file that unpacks to far more than its size is a trap.
MAXIMUM_EXPANSION = 60
ALWAYS_ALLOWED_BYTES = 32 * 2**20
# The earliest time that a zip can hold: a fixed one, so that equal content gives equal bytes.
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
UNIX = 3


def write_arrays(file: Path | io.BytesIO, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays, sorted by name."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(arrays):
            member = zipfile.ZipInfo(f"{name}.npy", FIXED_TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = UNIX
            member.external_attr = 0o644 << 16
            array = np.ascontiguousarray(arrays[name])
            # Known beforehand, the size decides how the zip says it; a header is small.
            member.file_size = array.nbytes
            with archive.open(member, "w") as stream:
                npy.write_array(stream, array, version=(1, 0), allow_pickle=False)


def read_arrays(
    path: Path, dtypes: Mapping[str, np.dtype], optional: Collection[str] = ()
) -> dict[str, np.ndarray]:
    """The arrays named in `dtypes`, each one-dimensional and of its dtype.

    Raises GraphFormatError if the file is damaged, too large, or holds anything else.
    """
    try:
        packed_size = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            check_members(path, archive, dtypes, optional)
            check_size(path, archive, packed_size)
            return {
                name: read_member(path, archive, name, dtypes[name])
                for name in dtypes
                if f"{name}.npy" in archive.namelist()
            }
    except (FileNotFoundError, IsADirectoryError) as problem:
        raise GraphFormatError(str(path), "a graph file", "no such file") from problem
    except DAMAGED as problem:
        raise GraphFormatError(
            str(path),
            "a whole .npz graph",
            f"a file that cannot be read ({problem})"[:200],
            "it may be truncated or damaged: fetch or trace it again",
        ) from problem


def check_members(
    path: Path,
    archive: zipfile.ZipFile,
    dtypes: Mapping[str, np.dtype],
    optional: Collection[str],
) -> None:
    """Raise GraphFormatError unless the archive holds each expected member once and no other."""
    members = archive.namelist()
    needed = {f"{name}.npy" for name in dtypes if name not in optional}
    allowed = {f"{name}.npy" for name in dtypes}
    if missing := sorted(needed - set(members)):
        raise GraphFormatError(str(path), f"the array {missing[0]}", "a file without it")
    if strange := sorted(set(members) - allowed):
        raise GraphFormatError(str(path), "only a graph's arrays", f"also {strange[0]!r}")
    if len(members) != len(set(members)):
        raise GraphFormatError(str(path), "each array once", "one of them twice")


def check_size(path: Path, archive: zipfile.ZipFile, packed_size: int) -> None:
    """Raise GraphFormatError if unpacking would need more memory than a graph of that size."""
    declared = sum(member.file_size for member in archive.infolist())
    limit = min(MAXIMUM_BYTES, max(ALWAYS_ALLOWED_BYTES, MAXIMUM_EXPANSION * packed_size))
    if declared > limit:
        raise GraphFormatError(
            str(path),
            f"at most {limit / 2**20:.0f} MiB unpacked",
            f"{declared / 2**20:.0f} MiB declared in a file of {packed_size / 2**20:.1f} MiB",
        )


def read_member(path: Path, archive: zipfile.ZipFile, name: str, dtype: np.dtype) -> np.ndarray:
    """One array, allocated only after its declared shape has been compared with its bytes."""
    data = archive.read(f"{name}.npy")
    stream = io.BytesIO(data)
    if npy.read_magic(stream) != (1, 0):
        raise GraphFormatError(f"{path} {name}", "array format 1.0", "another version")
    shape, _, found = npy.read_array_header_1_0(stream)
    if found != dtype or len(shape) != 1:
        raise GraphFormatError(
            f"{path} {name}", f"a one-dimensional {dtype} array", f"{found} of shape {shape}"
        )
    if shape[0] * dtype.itemsize != len(data) - stream.tell():
        raise GraphFormatError(
            f"{path} {name}",
            f"{shape[0]} numbers as declared",
            f"bytes for {(len(data) - stream.tell()) / dtype.itemsize:g}",
        )
    return np.frombuffer(data, dtype, offset=stream.tell()).copy()
