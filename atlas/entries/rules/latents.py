"""The names of the latents in a labelled token file, read from its header alone."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from atlas.errors import DAMAGED

LARGEST_HEADER = 1_000_000  # bytes; names and values of latents are a few kilobytes


@cache
def latent_values(path: Path) -> Mapping[str, Sequence[str]] | None:
    """The values of each latent by name; None if the file is absent or cannot be read.

    The header is an array of bytes in an .npz file. Its few bytes of preamble are skipped by
    hand, because importing numpy would take longer than the whole check of a small library.
    """
    try:
        with zipfile.ZipFile(path) as arrays, arrays.open("header.npy") as file:
            raw = file.read(LARGEST_HEADER)
        # Format 1.0 of .npy: 8 bytes of magic and version, 2 of length, then the description.
        header = json.loads(raw[10 + int.from_bytes(raw[8:10], "little") :])
        return {
            name: [str(value) for value in values] for name, values in header["latents"].items()
        }
    except DAMAGED:
        return None
