"""What circuits on one dictionary share: features of parts, influence, behaviours.

Two measures for each pair. Jaccard of the features that stand in parts: shared ones, of those in
either. Cosine of influence: of the two lists of features with their shares of influence on the
answers, each read off the graph of one prompt. Circuits on different dictionaries have no feature
in common by number, so they are never compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.sparse import csr_array

Content = Mapping[str, Any]  # of a circuit, as `circuit_content` gives it


@dataclass(frozen=True)
class Shared:
    """The circuits of one dictionary, and how much each two share."""

    model: str
    dictionary: str
    kind: str  # of the model: microworld or public
    circuits: tuple[Content, ...]
    jaccard: Float64[np.ndarray, "circuit circuit"]
    cosine: Float64[np.ndarray, "circuit circuit"]
    shared_parts: Float64[np.ndarray, "circuit circuit"]  # features of parts in both

    def pairs(self) -> list[tuple[int, int]]:
        """Two different circuits that share anything, the most alike first."""
        first, second = np.triu_indices(len(self.circuits), 1)
        weight = self.cosine[first, second] + self.jaccard[first, second]
        order = np.argsort(-weight, kind="stable")
        kept = order[weight[order] > 0]
        return list(zip(first[kept].tolist(), second[kept].tolist(), strict=True))

    def most_alike(self, count: int) -> list[int]:
        """So many circuits, those that share most with others, neighbours by likeness."""
        alike = self.cosine + self.jaccard
        np.fill_diagonal(alike, 0)
        chosen = np.argsort(-alike.sum(axis=1), kind="stable")[:count].tolist()
        if not chosen:
            return []
        order = [chosen.pop(0)]
        while chosen:  # the next one is the most like the last
            best = max(chosen, key=lambda each: (alike[order[-1], each], -each))
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
    parts = _matrix([dict.fromkeys(features_of_parts(each), 1.0) for each in circuits])
    both = (parts @ parts.T).toarray()
    size = np.diag(both)
    either = size[:, None] + size[None, :] - both
    weights = _matrix([each["influence"] for each in circuits])
    product = (weights @ weights.T).toarray()
    length = np.sqrt(np.diag(product))
    whole = length[:, None] * length[None, :]
    return Shared(
        model=key[1],
        dictionary=key[2],
        kind=key[0],
        circuits=tuple(circuits),
        jaccard=np.divide(both, either, out=np.zeros_like(both), where=either > 0),
        cosine=np.divide(product, whole, out=np.zeros_like(product), where=whole > 0),
        shared_parts=both,
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
