"""The names of the latents in a labelled token file, without reading its arrays."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np


@cache
def latent_values(path: Path) -> Mapping[str, Sequence[str]] | None:
    """The values of each latent by name; None if the file is absent or cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            header = json.loads(arrays["header"].tobytes())
        return {
            str(name): [str(one) for one in values] for name, values in header["latents"].items()
        }
    except (OSError, ValueError, KeyError, AttributeError, TypeError, zipfile.BadZipFile):
        return None
