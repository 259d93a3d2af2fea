"""What circuits on one dictionary share: features of parts, influence, behaviours.

Two measures for each pair. Jaccard of the features that stand in parts: shared ones, of those in
either. Cosine of influence: of the two lists of features with their shares of influence on the
answers, each read off the graph of one prompt. Circuits on different dictionaries have no feature
in common by number, so they are never compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.sparse import csr_array

Content = Mapping[str, Any]  # of a circuit, as `circuit_content` gives it


BLOCK = 256  # circuits whose likeness to all others is held at once: thousands stay small
KEPT = 64  # pairs, the most alike


@dataclass(frozen=True)
class Likeness:
    """How much each of some circuits shares with each of some others."""

    jaccard: Float64[np.ndarray, "circuit other"]
    cosine: Float64[np.ndarray, "circuit other"]
    shared_parts: Float64[np.ndarray, "circuit other"]  # features of parts in both

    @property
    def weight(self) -> Float64[np.ndarray, "circuit other"]:
        """Both measures together, from 0 to 2."""
        weight: np.ndarray = self.cosine + self.jaccard
        return weight


@dataclass(frozen=True)
class Survey:
    """What one look at all pairs of circuits came to."""

    totals: Float64[np.ndarray, " circuit"]  # of each one's weights with the others
    pair_count: int  # of different circuits that share anything
    pairs: tuple[tuple[int, int], ...]  # the first of them, the most alike first


@dataclass(frozen=True)
class Shared:
    """The circuits of one dictionary, and how much each two share."""

    model: str
    dictionary: str
    kind: str  # of the model: microworld or public
    circuits: tuple[Content, ...]
    parts: csr_array  # circuit by feature: 1 where it stands in a part
    influence: csr_array  # circuit by feature: shares of influence on the answers

    def likeness(self, circuits: Sequence[int], others: Sequence[int]) -> Likeness:
        """How much some circuits share with some others."""
        rows, columns = np.asarray(circuits, dtype=int), np.asarray(others, dtype=int)
        both = (self.parts[rows] @ self.parts[columns].T).toarray()
        size = self.parts.sum(axis=1)
        either = size[rows, None] + size[None, columns] - both
        product = (self.influence[rows] @ self.influence[columns].T).toarray()
        length = np.sqrt((self.influence * self.influence).sum(axis=1))
        whole = length[rows, None] * length[None, columns]
        return Likeness(
            jaccard=np.divide(both, either, out=np.zeros_like(both), where=either > 0),
            cosine=np.divide(product, whole, out=np.zeros_like(product), where=whole > 0),
            shared_parts=both,
        )

    @cached_property
    def survey(self) -> Survey:
        """All pairs, looked at block by block: they are too many to be held."""
        everyone = np.arange(len(self.circuits))
        totals, pair_count = np.zeros(len(everyone)), 0
        best = np.zeros((3, 0))  # minus the weight, and the two circuits
        for start in range(0, len(everyone), BLOCK):
            rows = everyone[start : start + BLOCK]
            weight = self.likeness(rows.tolist(), everyone.tolist()).weight
            weight[np.arange(len(rows)), rows] = 0
            totals[rows] = weight.sum(axis=1)
            weight[everyone[None, :] < rows[:, None]] = 0  # each pair once
            row, other = np.nonzero(weight)
            pair_count += len(row)
            found = np.stack([-weight[row, other], rows[row], other])
            best = _first(np.concatenate([best, found], axis=1), KEPT)
        pairs = tuple((int(one), int(other)) for one, other in best[1:].T)
        return Survey(totals, pair_count, pairs)

    def most_alike(self, count: int) -> list[int]:
        """So many circuits, those that share most with others, neighbours by likeness."""
        chosen = np.argsort(-self.survey.totals, kind="stable")[:count].tolist()
        if not chosen:
            return []
        place = {circuit: at for at, circuit in enumerate(chosen)}
        alike = self.likeness(chosen, chosen).weight
        order = [chosen.pop(0)]
        while chosen:  # the next one is the most like the last
            last = alike[place[order[-1]]]
            best = max(chosen, key=lambda each: (last[place[each]], -each))
            chosen.remove(best)
            order.append(best)
        return order


@dataclass(frozen=True)
class Service:
    """A feature that serves behaviours, each with the circuit that says so."""

    feature: str
    behaviours: tuple[tuple[Content, float, str], ...]  # circuit, influence, part; largest first


def shared_content(contents: Sequence[Content]) -> list[Shared]:
    """Circuits by model and dictionary, where at least two circuits have one in common."""
    groups: dict[tuple[str, str, str], list[Content]] = {}
    for each in contents:
        key = (each["kind"], each["model"], each["dictionary"])
        groups.setdefault(key, []).append(each)
    return [_shared(key, found) for key, found in sorted(groups.items()) if len(found) > 1]


def _shared(key: tuple[str, str, str], circuits: list[Content]) -> Shared:
    return Shared(
        model=key[1],
        dictionary=key[2],
        kind=key[0],
        circuits=tuple(circuits),
        parts=_matrix([dict.fromkeys(features_of_parts(each), 1.0) for each in circuits]),
        influence=_matrix([each["influence"] for each in circuits]),
    )


def features_of_parts(circuit: Content) -> dict[str, str]:
    """The features that stand in a circuit's parts, with the part's label."""
    found: dict[str, str] = {}
    for part in circuit["parts"]:
        for feature in part["features"]:
            found.setdefault(feature, part["label"])
    return found


def services(shared: Shared) -> list[Service]:
    """Features by how many behaviours they serve, then by influence; those of one are left out."""
    found: dict[str, list[tuple[Content, float, str]]] = {}
    for circuit in shared.circuits:
        parts = features_of_parts(circuit)
        for feature in {**parts, **circuit["influence"]}:
            one = (circuit, float(circuit["influence"].get(feature, 0.0)), parts.get(feature, ""))
            found.setdefault(feature, []).append(one)
    several = [
        Service(feature, tuple(sorted(each, key=lambda one: (-one[1], one[0]["id"]))))
        for feature, each in found.items()
        if len({one[0]["behaviour_id"] for one in each}) > 1
    ]
    return sorted(
        several,
        key=lambda each: (
            -len({one[0]["behaviour_id"] for one in each.behaviours if one[1]}),
            -sum(one[1] for one in each.behaviours),
            each.feature,
        ),
    )


def _matrix(rows: Sequence[Mapping[str, float]]) -> csr_array:
    """Circuits by features."""
    names = {name: at for at, name in enumerate(dict.fromkeys(n for row in rows for n in row))}
    row = [at for at, each in enumerate(rows) for _ in each]
    column = [names[name] for each in rows for name in each]
    values = [float(value) for each in rows for value in each.values()]
    return csr_array((values, (row, column)), shape=(len(rows), max(len(names), 1)))


def _first(columns: Float64[np.ndarray, "3 pair"], most: int) -> Float64[np.ndarray, "3 kept"]:
    """The first columns in order of their rows, the first row before the second."""
    if columns.shape[1] > most:
        columns = columns[:, columns[0] <= np.partition(columns[0], most - 1)[most - 1]]
    return columns[:, np.lexsort(columns[::-1])[:most]]
