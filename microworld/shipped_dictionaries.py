"""The dictionaries that ship under microworld/weights: what each is, and how it is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from atlas.models.checkpoints import circuit_tracer, saelens
from atlas.models.dictionaries import Dictionary

# Name of the folder by what the model's entry says of it.
SHIPPED = {
    "transcoders": {"kind": "transcoder", "format": "circuit_tracer", "site": "mlp"},
    "cross_layer_transcoder": {
        "kind": "cross_layer_transcoder",
        "format": "circuit_tracer",
        "site": "mlp",
    },
    "saes": {"kind": "sae", "format": "saelens", "site": "resid_post"},
}
READERS = {"circuit_tracer": circuit_tracer.load, "saelens": saelens.load}


def shipped(weights: Path) -> Iterator[tuple[str, Dictionary]]:
    """Read the dictionaries that lie under `weights`, each with the name of its folder."""
    for name, about in SHIPPED.items():
        if (weights / name).is_dir():
            yield name, READERS[about["format"]](weights / name)
