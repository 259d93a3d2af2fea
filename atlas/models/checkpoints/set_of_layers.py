"""Single-layer coders as a dictionary: autoencoders where they write what they read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from atlas.errors import ModelUnavailable
from atlas.models.coders import SparseAutoencoder, Transcoder
from atlas.models.dictionaries import SparseAutoencoderSet, TranscoderSet
from atlas.models.sites import Site
from atlas.models.zero_positions import zero_positions_of

Names = tuple[str, str]
"""What errors and results call the dictionary, and the model that it was trained on."""


def set_of_layers(
    folder: Path, coders: Mapping[int, Transcoder], sites: tuple[Site, Site], names: Names
) -> SparseAutoencoderSet | TranscoderSet:
    """The dictionary of these layers, which read at the first site and write at the second.

    Raises:
        ModelUnavailable: a layer of transcoders is missing.
    """
    (reads, writes), (title, model_name) = sites, names
    if reads is writes:
        autoencoders = {
            layer: SparseAutoencoder(
                each.W_enc, each.b_enc, each.W_dec, each.b_dec, each.activation
            )
            for layer, each in coders.items()
        }
        return SparseAutoencoderSet(title, reads, writes, autoencoders, model_name=model_name)
    check_all_layers(folder, coders)
    layers = tuple(coders[layer] for layer in sorted(coders))
    zero_positions = zero_positions_of(model_name)
    return TranscoderSet(
        title, reads, writes, layers, model_name=model_name, zero_positions=zero_positions
    )


def check_all_layers(folder: Path, coders: Mapping[int, object]) -> None:
    """Raise ModelUnavailable unless there is a coder for each layer from 0 to the highest."""
    found = sorted(coders)
    if found != list(range(len(found))):
        raise ModelUnavailable(str(folder), f"transcoders 0 to {found[-1]}", f"only {found}")
