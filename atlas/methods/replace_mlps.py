"""Running a model with its MLPs replaced by transcoders, all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import Edit, LanguageModel, Place

Coding = Callable[[int, Tensor], Tensor]
"""Gives a layer's estimate of its MLP's output from the MLP's input."""


def replacing_edits(
    coding: Coding, dictionary_sites: tuple[Place, Place], layers: Iterable[int]
) -> dict[Place, Edit]:
    """Edits that put a dictionary's estimates in place of the values at its output site.

    Position 0 keeps the model's own values. ``dictionary_sites`` holds the input and the output
    site with any layer; each layer's input is caught on the way.
    """
    (reads, _), (writes, _) = dictionary_sites
    edits: dict[Place, Edit] = {}
    for layer in layers:
        edits |= _layer_edits(coding, (reads, layer), (writes, layer))
    return edits


def _layer_edits(coding: Coding, reads: Place, writes: Place) -> dict[Place, Edit]:
    caught: list[Tensor] = []

    def catch(value: Tensor) -> Tensor:
        caught[:] = [value]
        return value

    def put(value: Tensor) -> Tensor:
        estimate = coding(writes[1], caught.pop()[:, 1:])
        return torch.cat([value[:, :1], estimate.to(value.dtype)], 1)

    if reads == writes:
        return {writes: lambda value: put(catch(value))}
    return {reads: catch, writes: put}


def replaced_logits(
    model: LanguageModel,
    dictionary: Dictionary,
    ids: Int[Tensor, "batch position"],
    gradients: bool = False,
) -> Float[Tensor, "batch position d_vocab"]:
    """The logits with every layer's output site replaced by what the dictionary makes of its input.

    For transcoders: all MLPs replaced, skip connections included. For autoencoders: all residual
    streams reconstructed. With `gradients` the dictionary's own tensors receive them.
    """
    activations: dict[int, Tensor] = {}  # of earlier layers, which may write to later ones

    def coding(layer: int, value: Tensor) -> Tensor:
        activations[layer] = dictionary.encode(layer, value)
        return dictionary.reconstruct(layer, activations, value)

    sites = ((dictionary.feature_input, 0), (dictionary.feature_output, 0))
    edits = replacing_edits(coding, sites, dictionary.layer_numbers)
    return model.run(ids, edits=edits, gradients=gradients).logits


def ablated_logits(
    model: LanguageModel, dictionary: Dictionary, ids: Int[Tensor, "batch position"]
) -> Float[Tensor, "batch position d_vocab"]:
    """The logits with zeros at every layer's output site, position 0 left as it is."""
    sites = ((dictionary.feature_input, 0), (dictionary.feature_output, 0))
    edits = replacing_edits(
        lambda _, value: torch.zeros_like(value), sites, dictionary.layer_numbers
    )
    return model.run(ids, edits=edits).logits
