"""How well labels tell, on the other half of the text, where features say yes.

The detection score of Paulo et al. (2024) without a language model as the judge: there a model
reads an explanation and says of texts whether the feature is active; here a predicate says so of
each token. The score is F1 over all held-out tokens that count. Control: the same label tried on
the features of the layer that are active most nearly as often, the highest of their scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from atlas.methods.labelling.choosing import Predicates
from atlas.methods.labelling.firing import Firing
from atlas.methods.labelling.token_classes import METHODS, OUTSIDE, TokenClasses

LATENT = METHODS.index("latent")


@dataclass(frozen=True)
class Scores:
    """Held-out scores of labels, and the tokens that they are of."""

    f1: Float64[np.ndarray, " label"]
    control: Float64[np.ndarray, " label"]
    said: Int64[np.ndarray, " label"]  # tokens with a yes of the feature
    held: Int64[np.ndarray, " label"]  # tokens at which the label holds
    agreement: Float64[np.ndarray, " label"]  # with the best label by a true latent; NaN: none


def score(predicates: Predicates, firing: Firing, classes: TokenClasses, others: int) -> Scores:
    """Scores on the half of `firing`, which the labels were not chosen on."""
    held = _summed(firing.sizes, predicates.classes)
    f1, said = _f1(predicates, predicates.feature, firing, held)
    like = alike(firing.said[:, 0], others)
    control = np.zeros(len(f1))
    for column in range(like.shape[1]):
        other = like[predicates.feature, column]
        known = other != OUTSIDE
        tried, _ = _f1(predicates, np.where(known, other, 0), firing, held)
        control = np.maximum(control, np.where(known, tried, 0))
    agreement = _agreement(predicates, classes, held)
    return Scores(f1, control, said, held, agreement)


def alike(said: Int64[np.ndarray, " feature"], others: int) -> Int64[np.ndarray, "feature other"]:
    """For each feature the others that say yes most nearly as often: neighbours in that order."""
    count = len(said)
    width = min(others, count - 1)
    if width < 1:
        return np.full((count, 1), OUTSIDE, dtype=np.int64)
    order = np.argsort(said, kind="stable")
    rank = np.arange(count)
    first = np.clip(rank - others // 2, 0, count - 1 - width)
    near = first[:, None] + np.arange(width)
    near += near >= rank[:, None]  # itself is left out
    found = np.empty((count, width), dtype=np.int64)
    found[order] = order[near]
    return found


def _f1(
    predicates: Predicates,
    feature: Int64[np.ndarray, " label"],
    firing: Firing,
    held: Int64[np.ndarray, " label"],
) -> tuple[Float64[np.ndarray, " label"], Int64[np.ndarray, " label"]]:
    """The scores of labels on features, and how often these say yes."""
    wide = predicates.classes.shape
    place = (np.broadcast_to(each[:, None], wide) for each in (feature, predicates.threshold))
    of, level = place
    both = firing.joint.at(of, predicates.classes, level).sum(axis=1)
    said = firing.said[feature, predicates.threshold]
    return 2 * both / np.maximum(said + held, 1), said


def _summed(
    sizes: Int64[np.ndarray, " class"], members: Int64[np.ndarray, "label value"]
) -> Int64[np.ndarray, " label"]:
    found: np.ndarray = np.where(members == OUTSIDE, 0, sizes[members]).sum(axis=1)
    return found


def _agreement(
    predicates: Predicates, classes: TokenClasses, held: Int64[np.ndarray, " label"]
) -> Float64[np.ndarray, " label"]:
    """F1 between each label and the feature's label by a latent, over held-out tokens."""
    found = np.full(len(held), np.nan)
    latent = np.flatnonzero(predicates.method == LATENT)
    if not len(latent):
        return found
    by_feature = np.full(int(predicates.feature.max()) + 1, OUTSIDE)
    by_feature[predicates.feature[latent]] = latent
    truth = by_feature[predicates.feature]
    judged = np.flatnonzero((truth != OUTSIDE) & (predicates.method != LATENT))
    truth = truth[judged]
    own, true = predicates.classes[judged], predicates.classes[truth]
    joint = classes.together
    both = np.zeros(len(judged), dtype=np.int64)
    for column in range(true.shape[1]):
        other = np.broadcast_to(true[:, column, None], own.shape)
        known = np.where(other == OUTSIDE, OUTSIDE, own)
        both += joint.at(np.maximum(other, 0), known, np.zeros_like(own)).sum(axis=1)
    found[judged] = 2 * both / np.maximum(held[judged] + held[truth], 1)
    return found
