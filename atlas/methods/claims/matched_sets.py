"""Matched controls: the same kind of intervention on other active features.

For each group of the circuit's features at one layer and position, a control set has as many
active features from outside all parts of the circuit, whose summed write ‖Σ a·W_dec‖ lies within
±20 % of the group's. A circuit's feature is often the strongest one at its place, and then no
other of its strength is active; there the set has the fewest features that together write as much,
at most four more, and the control says in how many rows that was so. The step is applied to that
set, and the change of each place is scaled to the size of the circuit's own change there. What the
circuit's features share with the control is layer, position, size of write and size of change; what
is left is which features they are.

The circuit's change is taken on the row's own activations. Where an earlier part of the same
intervention already weakens a later one, the real change is smaller than that, so the control gets
at least as large a push as the circuit.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from atlas.entries.circuit import Step
from atlas.methods.claims.row_changes import Group, Place, RowChanges, decoder_vectors
from atlas.models.dictionaries import Dictionary


@dataclass(frozen=True)
class MatchingSettings:
    """How control sets are found."""

    tolerance: float = 0.2  # share by which the size of the summed write may differ
    # Features that a control set may have beyond the circuit's, where the circuit's are so strong
    # that no set of their number writes as much.
    more_features: int = 4
    largest_enumeration: int = 20_000  # subsets; beyond it as many random ones are looked at
    # Different control sets per row. A draw picks one for each row, so a few per row make
    # thousands of draws, and the model runs once per set.
    options: int = 8


@dataclass(frozen=True)
class Surroundings:
    """What controls are drawn from: all features of a dictionary outside the circuit."""

    dictionary: Dictionary
    circuit_features: frozenset[tuple[int, int]]  # (layer, index) of all its parts
    settings: MatchingSettings = MatchingSettings()


@dataclass(frozen=True)
class Push:
    """A vector added at one place: what the model gets instead of the circuit's change."""

    layer: int
    position: int
    vector: Float64[np.ndarray, " d_model"]


ControlSet = tuple[Push, ...]
"""One control for one row: a push at each place where the circuit changes something."""


@dataclass(frozen=True)
class ControlSets:
    """One row's control sets."""

    sets: tuple[ControlSet, ...]
    larger: bool  # whether somewhere more features were needed than the circuit has there


@dataclass(frozen=True)
class _Options:
    """What the matching sets of one group would change, per set."""

    changes: list[Float64[np.ndarray, " d_model"]]
    larger: bool


def control_sets(
    changes: RowChanges, surroundings: Surroundings, generator: np.random.Generator
) -> ControlSets | None:
    """Up to `settings.options` different control sets for one row; None where there are none.

    A row in which the intervention changes nothing has one: the empty set.
    """
    circuit_writes = changes.write_changes(surroundings.dictionary)
    places: dict[Place, list[_Options]] = {}
    for group in changes.groups:
        if group.place not in circuit_writes:
            continue
        options = _group_options(changes, group, surroundings, generator)
        if not options.changes:
            return None
        places.setdefault(group.place, []).append(options)
    if set(places) != set(circuit_writes):
        return None
    choices = [options for place in sorted(places) for options in places[place]]
    sizes = [len(options.changes) for options in choices]
    found = []
    for picked in _combinations(sizes, surroundings.settings.options, generator):
        vectors = iter(options.changes[i] for options, i in zip(choices, picked, strict=True))
        pushes = [
            _scaled(
                place,
                np.sum([next(vectors) for _ in places[place]], axis=0),
                circuit_writes[place],
            )
            for place in sorted(places)
        ]
        if all(push is not None for push in pushes):
            found.append(tuple(push for push in pushes if push is not None))
    if not found:
        return None
    return ControlSets(tuple(found), any(options.larger for options in choices))


def matching_subsets(
    writes: Float64[np.ndarray, "candidate d_model"],
    size: int,
    norm: float,
    settings: MatchingSettings,
    generator: np.random.Generator,
) -> Int64[np.ndarray, "subset size"]:
    """Subsets of the candidates of that size whose summed write is as long as `norm`, ± tolerance.

    All of them where there are few enough to look at, else those among random ones. `norm` 0 asks
    for no length at all.
    """
    count = len(writes)
    if size > count or size == 0:
        return np.zeros((0, size), dtype=np.int64)
    if math.comb(count, size) <= settings.largest_enumeration:
        subsets = np.array(list(itertools.combinations(range(count), size)), dtype=np.int64)
    else:
        lots = generator.random((settings.largest_enumeration, count))
        subsets = _different_rows(lots.argpartition(size - 1, axis=1)[:, :size], count)
    if norm == 0:
        return subsets
    member = np.zeros((len(subsets), count))
    np.put_along_axis(member, subsets, 1.0, axis=1)
    squares = ((member @ (writes @ writes.T)) * member).sum(axis=1)
    lengths = np.sqrt(np.maximum(squares, 0.0))
    return np.asarray(subsets[np.abs(lengths - norm) <= settings.tolerance * norm])


def _different_rows(
    subsets: Int64[np.ndarray, "row size"], count: int
) -> Int64[np.ndarray, "subset size"]:
    """The subsets that differ, members and subsets in ascending order.

    One number per subset sorts many times faster than rows do, as long as it fits.
    """
    ordered = np.sort(subsets, axis=1)
    size = ordered.shape[1]
    if count**size >= 1 << 63:
        return np.unique(ordered, axis=0)
    digits = count ** np.arange(size - 1, -1, -1, dtype=np.int64)
    _, first = np.unique(ordered @ digits, return_index=True)
    return np.asarray(ordered[first])


def _group_options(
    changes: RowChanges,
    group: Group,
    surroundings: Surroundings,
    generator: np.random.Generator,
) -> _Options:
    """The change of the write that each matching set would make with the group's step."""
    dictionary, settings = surroundings.dictionary, surroundings.settings
    layer, position = group.place
    active = group.lender.at(layer, group.lender_position)
    outside = [
        number
        for number, index in enumerate(active.index)
        if (layer, int(index)) not in surroundings.circuit_features
    ]
    if not outside:
        return _Options([], False)
    candidates, values = active.index[outside], active.value[outside]
    decoders = decoder_vectors(dictionary, layer, candidates.tolist())
    own = changes.row.at(layer, position)
    own_values = np.array([own.value_of(int(i)) for i in candidates])
    writes, norm = values[:, None] * decoders, _write_norm(group, dictionary)
    count = len(group.indices)
    subsets = np.zeros((0, count), dtype=np.int64)
    for size in range(count, count + 1 + (settings.more_features if norm else 0)):
        subsets = matching_subsets(writes, size, norm, settings, generator)
        if len(subsets):
            break
    if len(subsets) > settings.options:
        subsets = subsets[generator.permutation(len(subsets))[: settings.options]]
    per_feature = _differences(group.step, values, own_values)[:, None] * decoders
    changed = [per_feature[subset].sum(axis=0) for subset in subsets]
    return _Options(changed, subsets.shape[1] > count)


def _write_norm(group: Group, dictionary: Dictionary) -> float:
    """‖Σ a·W_dec‖ of the group in the row that lends it; 0 for features that are not active."""
    if group.silent:
        return 0.0
    layer = group.place[0]
    active = group.lender.at(layer, group.lender_position)
    values = np.array([active.value_of(index) for index in group.indices])
    return float(np.linalg.norm(values @ decoder_vectors(dictionary, layer, group.indices)))


def _differences(
    step: Step,
    lent: Float64[np.ndarray, " candidate"],
    own: Float64[np.ndarray, " candidate"],
) -> Float64[np.ndarray, " candidate"]:
    """By how much the step changes each candidate's activation in the row."""
    factor = 1.0 if step.factor is None else step.factor
    if step.action == "ablate":
        return -own
    if step.action == "scale":
        return (factor - 1.0) * own
    if step.action == "set":
        return (step.value or 0.0) - own
    if step.action == "add":
        return np.full(len(own), step.value or 0.0)
    return np.asarray(factor * lent - own)


def _combinations(
    sizes: Sequence[int], limit: int, generator: np.random.Generator
) -> list[tuple[int, ...]]:
    """Different ways to pick one option from each list: all, or `limit` random ones."""
    if math.prod(sizes) <= limit:
        return list(itertools.product(*map(range, sizes)))
    picked: dict[tuple[int, ...], None] = {}
    while len(picked) < limit:
        picked[tuple(int(generator.integers(size)) for size in sizes)] = None
    return list(picked)


def _scaled(place: Place, vector: np.ndarray, circuit_change: np.ndarray) -> Push | None:
    """The vector with the length of the circuit's change; None where it has no direction."""
    length = float(np.linalg.norm(vector))
    if length < 1e-12:
        return None
    return Push(*place, vector * (float(np.linalg.norm(circuit_change)) / length))


def draw_assignments(
    options: Sequence[int], draws: int, generator: np.random.Generator
) -> tuple[Int64[np.ndarray, "draw row"], bool]:
    """Which control set each row uses in each draw, and whether these are all that exist.

    A draw picks one of its options for every row. Draws differ from each other.
    """
    limits = np.asarray(options, dtype=np.int64)
    possible = math.prod(int(count) for count in options)
    if possible <= draws:
        every = itertools.product(*(range(count) for count in options))
        return np.array(list(every), dtype=np.int64).reshape(possible, len(limits)), True
    found: dict[bytes, np.ndarray] = {}
    while len(found) < draws:
        picked = (generator.random(len(limits)) * limits).astype(np.int64)
        found[picked.tobytes()] = picked
    return np.stack(list(found.values())), False
