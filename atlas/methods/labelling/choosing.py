"""The classes of tokens that best tell when a feature says yes.

A predicate is a threshold of the feature and some classes of one family; it is judged by
F1 = 2·both / (said + held), `both` being the tokens at which the feature says yes and the predicate
holds, `said` and `held` those of either. For a given F1 of λ, more is reached by just the classes
with 2·both − λ·size above 0, so the best set is found by turns (Dinkelbach 1967): the λ of the set
so far, then the set that is best for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from atlas.methods.labelling.firing import Firing
from atlas.methods.labelling.token_classes import METHODS, OUTSIDE, TokenClasses

ROUNDING = 1e-9  # the class that gave the F1 so far gains nothing beyond it, up to this
TURNS = 3  # of the search for a set; later ones changed next to nothing on the microworld


@dataclass(frozen=True)
class LabelSettings:
    """How automatic labels are chosen and scored."""

    thresholds: int = 5  # of each feature: 0, and the quantiles that the bands of its page have too
    most_values: int = 5  # classes in a label; longer lists say little
    least_said: int = 10  # tokens with a yes on the half that labels are chosen on
    least_both: int = 2  # tokens of a class with a yes; one alone is chance
    # |both| / |class|: a class below this lowers any F1 above twice as much; it is not tried.
    least_share: float = 0.1
    others: int = 19  # features that a label is tried on as its control: 1 in 20 beats them all
    seed: int = 0  # of the halves


@dataclass(frozen=True)
class Predicates:
    """Labels as columns: for each feature and method the best, by feature, best first."""

    feature: Int64[np.ndarray, " label"]
    method: Int64[np.ndarray, " label"]
    threshold: Int64[np.ndarray, " label"]
    classes: Int64[np.ndarray, "label value"]  # OUTSIDE where there are no more
    f1: Float64[np.ndarray, " label"]  # on the half that they were chosen on


@dataclass(frozen=True)
class _Candidates:
    """Classes that may be part of a label of a feature at a threshold, sorted by group."""

    group: Int64[np.ndarray, " candidate"]  # feature, threshold and family in one number
    class_: Int64[np.ndarray, " candidate"]
    both: Int64[np.ndarray, " candidate"]
    size: Int64[np.ndarray, " candidate"]


def choose(
    firing: Firing,
    classes: TokenClasses,
    promoted: Int64[np.ndarray, "feature rank"],
    settings: LabelSettings,
) -> Predicates:
    """For each feature and method the predicate with the highest F1 on the half of `firing`.

    `promoted` are the ids of the tokens that each feature raises most; only they can be values of
    a label that says what comes next.
    """
    found = _candidates(firing, classes, promoted, settings)
    groups, group = np.unique(found.group, return_inverse=True)
    feature, threshold, family = _parts(groups, firing, classes)
    said = firing.said[feature, threshold].astype(np.float64)
    f1 = np.zeros(len(groups))
    np.maximum.at(f1, group, 2 * found.both / (said[group] + found.size))
    chosen = left = np.arange(len(group))
    for _ in range(TURNS):
        # The F1 only rises, so a class that gains nothing now never will.
        gain = 2 * found.both[left] - f1[group[left]] * found.size[left]
        left, gain = left[gain > -ROUNDING], gain[gain > -ROUNDING]
        chosen = left[_largest(group[left], gain, settings.most_values)]
        both, size = (
            np.bincount(group[chosen], weights=each[chosen], minlength=len(groups))
            for each in (found.both, found.size)
        )
        f1 = np.maximum(f1, 2 * both / (said + size))
    method = np.array([METHODS.index(each.method) for each in classes.families])[family]
    best = _first_of_each(feature * len(METHODS) + method, f1)
    chosen = chosen[np.lexsort((-found.both[chosen], group[chosen]))]
    values = _values(group[chosen], found.class_[chosen], (len(groups), settings.most_values))
    order = best[np.lexsort((method[best], -f1[best], feature[best]))]
    return Predicates(feature[order], method[order], threshold[order], values[order], f1[order])


def _candidates(
    firing: Firing,
    classes: TokenClasses,
    promoted: Int64[np.ndarray, "feature rank"],
    settings: LabelSettings,
) -> _Candidates:
    many = firing.joint.classes
    feature, class_ = firing.joint.keys // many, firing.joint.keys % many
    allowed = _raised(feature, class_, classes, promoted)
    pair, threshold = np.nonzero(
        (firing.joint.counts >= settings.least_both)
        & (firing.joint.counts >= settings.least_share * firing.sizes[class_][:, None])
        & (firing.said[feature] >= settings.least_said)
        & allowed[:, None]
    )
    both = firing.joint.counts[pair, threshold]
    feature, class_ = feature[pair], class_[pair]
    group = (feature * firing.said.shape[1] + threshold) * len(classes.families)
    group += classes.family[class_]
    order = np.argsort(group, kind="stable")
    columns = (group, class_, both, firing.sizes[class_])
    return _Candidates(*(each[order] for each in columns))


def _raised(
    feature: Int64[np.ndarray, " pair"],
    class_: Int64[np.ndarray, " pair"],
    classes: TokenClasses,
    promoted: Int64[np.ndarray, "feature rank"],
) -> Bool[np.ndarray, " pair"]:
    """False where a class is a next token that the feature does not promote."""
    family = classes.family[class_]
    methods = np.array([each.method == "promoted tokens" for each in classes.families])
    next_token = np.flatnonzero(methods[family])
    token = class_[next_token] - classes.starts[family[next_token]]
    allowed = np.ones(len(class_), dtype=bool)
    allowed[next_token] = (promoted[feature[next_token]] == token[:, None]).any(axis=1)
    return allowed


def _parts(
    groups: Int64[np.ndarray, " group"], firing: Firing, classes: TokenClasses
) -> tuple[Int64[np.ndarray, " group"], ...]:
    """Feature, threshold and family of a group."""
    row, family = groups // len(classes.families), groups % len(classes.families)
    levels = firing.said.shape[1]
    return row // levels, row % levels, family


def _largest(
    group: Int64[np.ndarray, " candidate"], gain: Float64[np.ndarray, " candidate"], most: int
) -> Int64[np.ndarray, " chosen"]:
    """The candidates of each group with the largest gains, at most so many, in their order."""
    order = np.lexsort((-gain, group))
    first = np.searchsorted(group, group)  # groups lie together already
    return np.sort(order[np.arange(len(order)) - first < most])


def _first_of_each(
    key: Int64[np.ndarray, " group"], f1: Float64[np.ndarray, " group"]
) -> Int64[np.ndarray, " chosen"]:
    """Of the groups of each key the one with the highest F1, the first where some are equal."""
    order = np.lexsort((-f1, key))
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    found: np.ndarray = order[first]
    return found


def _values(
    group: Int64[np.ndarray, " chosen"],
    class_: Int64[np.ndarray, " chosen"],
    shape: tuple[int, int],
) -> Int64[np.ndarray, "group value"]:
    """The classes of each group in a row."""
    found = np.full(shape, OUTSIDE, dtype=np.int64)
    found[group, np.arange(len(group)) - np.searchsorted(group, group)] = class_
    return found
