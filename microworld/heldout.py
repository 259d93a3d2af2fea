"""Which units never occur in training: decided by a keyed digest, so the answer needs no state."""

from __future__ import annotations

import functools
import hashlib

SEED = 20240  # one seed for the split, the corpus, the model and every table


@functools.cache
def is_held_out(unit: str, share: float) -> bool:
    """Say whether `unit` belongs to the held-out `share` (0 to 1) of its behaviour's units."""
    digest = hashlib.sha256(f"{SEED}:{unit}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
