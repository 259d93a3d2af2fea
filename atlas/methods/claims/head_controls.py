"""Matched controls of attention heads: the same step on other heads of the same layers.

A layer has the same heads in every row, so a draw is one set of heads, and it is the same set in
every row: draws that mixed heads from row to row would differ in nothing but chance. In each layer
a set has as many heads as the intervention changes there, all from outside the circuit, and what
they write together is as long as what the circuit's heads write, ±20 %: the root mean square, over
all rows and places that are changed, of ‖Σ z_h·W_O‖ on the model as it is. Where fewer sets exist
than are to be drawn, those with one head more per layer count too, at most four more.

In each row and place the step is scaled so that the write changes by as much as the circuit's step
changes it there. With a change of (factor − 1)·z_h·W_O per head, a control's heads are multiplied
by 1 ± c, with c = ‖Σ (factor_h − 1)·z_h·W_O‖ over the circuit's heads, divided by ‖Σ z_h·W_O‖ over
its own. All these lengths are read off the products of the heads' writes with one another.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64

from atlas.methods.claims.matched_sets import MatchingSettings, matching_subsets
from atlas.methods.claims.row_activations import padded
from atlas.methods.claims.row_changes import HeadChange, Place, RowChanges
from atlas.models.language_model import LanguageModel
from atlas.models.sites import Site

Head = tuple[int, int]
"""A layer and the head's number in it."""
Products = Mapping[Place, Float64[np.ndarray, "head head"]]
"""Per place of a row, the scalar products of what the layer's heads write there."""

ROWS_AT_ONCE = 64
NO_WRITE = 1e-12  # a length below which a write has no direction
MOST_LISTED = 20_000  # sets over all layers; beyond it as many random ones are looked at


@dataclass(frozen=True)
class HeadControls:
    """The draws of a control: per draw and row, what becomes of the drawn heads."""

    draws: tuple[tuple[tuple[HeadChange, ...], ...], ...]
    exhaustive: bool  # these are all sets that match
    larger: bool  # some draw has more heads than the circuit


@dataclass(frozen=True)
class _Choice:
    """A set of heads of one layer that may stand for the circuit's."""

    heads: tuple[int, ...]
    more: int  # heads beyond the circuit's


def head_controls(
    model: LanguageModel,
    changes: Sequence[RowChanges],
    inside: frozenset[Head],
    limits: tuple[MatchingSettings, int],
    generator: np.random.Generator,
) -> HeadControls:
    """Control draws for an intervention on heads; `inside` are all heads of the circuit.

    `limits` are how sets are matched and how many draws are wanted. Without any matching set there
    is no draw.
    """
    matching, wanted = limits
    products = head_products(model, changes)
    layers = sorted({head.layer for row in changes for head in row.heads})
    choices = [
        _choices(layer, changes, products, (inside, matching), generator) for layer in layers
    ]
    draws: list[tuple[tuple[HeadChange, ...], ...]] = []
    larger = False
    for more, chosen in _sets(choices, generator):
        if len(draws) == wanted:
            return HeadControls(tuple(draws), False, larger)
        heads = dict(zip(layers, (each.heads for each in chosen), strict=True))
        rows = [_in_row(row, found, heads) for row, found in zip(changes, products, strict=True)]
        if all(row is not None for row in rows):
            draws.append(tuple(row for row in rows if row is not None))
            larger = larger or more > 0
    return HeadControls(tuple(draws), True, larger)


def head_products(model: LanguageModel, changes: Sequence[RowChanges]) -> list[Products]:
    """Per row, at each place where a head is changed, the products of all heads' writes.

    A write is z·W_O, before a norm on the attention's output where there is one.
    """
    layers = sorted({head.layer for row in changes for head in row.heads})
    outputs = {layer: model.attention(layer).output.double() for layer in layers}
    sites = [(Site.HEAD_OUTPUT, layer) for layer in layers]
    found: list[Products] = []
    for start in range(0, len(changes), ROWS_AT_ONCE):
        batch = changes[start : start + ROWS_AT_ONCE]
        ids, _ = padded([row.row.instance.ids for row in batch])
        values = model.run(torch.from_numpy(ids), read=sites).values
        for number, row in enumerate(batch):
            products = {}
            for layer, position in sorted({(head.layer, head.position) for head in row.heads}):
                given = values[Site.HEAD_OUTPUT, layer][number, position].double()
                writes = torch.einsum("hd,hdm->hm", given, outputs[layer])
                products[layer, position] = (writes @ writes.T).cpu().numpy()
            found.append(products)
    return found


def _choices(
    layer: int,
    changes: Sequence[RowChanges],
    products: Sequence[Products],
    bounds: tuple[frozenset[Head], MatchingSettings],
    generator: np.random.Generator,
) -> list[_Choice]:
    """The sets of heads of a layer that write as much as the circuit's, fewest heads first."""
    inside, matching = bounds
    squares, total, changed = 0.0, np.zeros((0, 0)), set()
    for row, found in zip(changes, products, strict=True):
        for place, product in found.items():
            if place[0] != layer:
                continue
            own = _chosen(product, {head.head for head in _at(row, place)})
            squares += float(own @ product @ own)
            total = product if not total.size else total + product
            changed |= {head.head for head in _at(row, place)}
    if not total.size:
        return []
    outside = [head for head in range(len(total)) if (layer, head) not in inside]
    # Vectors with the same products as the heads' writes over all rows and places together.
    sizes, directions = np.linalg.eigh(total)
    writes = (directions * np.sqrt(np.maximum(sizes, 0.0)))[outside]
    choices = []
    for more in range(matching.more_features + 1):
        size = len(changed) + more
        subsets = matching_subsets(writes, size, math.sqrt(squares), matching, generator)
        choices += [_Choice(tuple(outside[i] for i in subset), more) for subset in subsets]
    return choices


def _sets(
    choices: Sequence[Sequence[_Choice]], generator: np.random.Generator
) -> Iterator[tuple[int, tuple[_Choice, ...]]]:
    """One choice for each layer, fewest heads first, else in random order."""
    if not all(choices):
        return
    most = sum(max(choice.more for choice in layer) for layer in choices)
    for more in range(most + 1):
        found = _with(choices, more, generator)
        for number in generator.permutation(len(found)):
            yield more, found[number]


def _with(
    choices: Sequence[Sequence[_Choice]], more: int, generator: np.random.Generator
) -> list[tuple[_Choice, ...]]:
    """The ways to choose for each layer with so many heads beyond the circuit's in all."""
    possible = [[choice for choice in layer if choice.more <= more] for layer in choices]
    picked: Iterator[tuple[_Choice, ...]] = itertools.product(*possible)
    if math.prod(map(len, possible)) > MOST_LISTED:
        numbers = [generator.integers(len(layer), size=MOST_LISTED) for layer in possible]
        columns = [
            [layer[at] for at in chosen] for layer, chosen in zip(possible, numbers, strict=True)
        ]
        picked = iter(dict.fromkeys(zip(*columns, strict=True)))
    return [sets for sets in picked if sum(choice.more for choice in sets) == more]


def _in_row(
    row: RowChanges, products: Products, heads: Mapping[int, Sequence[int]]
) -> tuple[HeadChange, ...] | None:
    """What becomes of the drawn heads in one row; None where they write nothing to be changed."""
    found: list[HeadChange] = []
    for place, product in products.items():
        change = np.zeros(len(product))
        for head in _at(row, place):
            change[head.head] = head.factor - 1.0
        size = math.sqrt(max(float(change @ product @ change), 0.0))
        drawn = _chosen(product, heads[place[0]])
        own = math.sqrt(max(float(drawn @ product @ drawn), 0.0))
        if size < NO_WRITE:
            continue
        if own < NO_WRITE:
            return None
        step = math.copysign(size / own, change.sum())
        found += [HeadChange(place[0], head, place[1], 1.0 + step) for head in heads[place[0]]]
    return tuple(found)


def _at(row: RowChanges, place: Place) -> list[HeadChange]:
    return [head for head in row.heads if (head.layer, head.position) == place]


def _chosen(product: np.ndarray, heads: Sequence[int] | set[int]) -> Float64[np.ndarray, " head"]:
    """1 for each of these heads, 0 for the others."""
    found = np.zeros(len(product))
    found[list(heads)] = 1.0
    return found
