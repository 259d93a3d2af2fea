"""Labels of the features of a layer, from where they are active and what they promote.

No language model takes part: a label says in words which tokens a feature is active on. It is
chosen on a random half of the sequences and scored on the other (`choosing.py`, `scoring.py`).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from jaxtyping import Int64

from atlas.dashboards.activity import DECIMALS
from atlas.dashboards.activity_table import ActivityTable
from atlas.dashboards.dashboard import AutomaticLabel
from atlas.dashboards.dashboard_table import DashboardTable
from atlas.methods.labelling.choosing import LabelSettings, Predicates, choose
from atlas.methods.labelling.firing import Levels
from atlas.methods.labelling.own_labeller import Labelled, OwnLabeller, own_labels
from atlas.methods.labelling.scoring import Scores, score
from atlas.methods.labelling.token_classes import METHODS, OUTSIDE, TokenClasses


def with_labels(
    table: DashboardTable, given: Labelled, own: OwnLabeller | None = None
) -> DashboardTable:
    """A table of dashboards with their labels; those of the user's own function come first.

    Raises BadInput where that function gives no label.
    """
    settings = given.settings
    found = label_features(table.activity, given.classes, table.promoted.token, settings)
    if own is not None:
        asked = own_labels(table, own, given)
        found = [(*([one] if one else []), *rest) for one, rest in zip(asked, found, strict=True)]
    return replace(table, labels=found)


def label_features(
    table: ActivityTable,
    classes: TokenClasses,
    promoted: Int64[np.ndarray, "feature rank"],
    settings: LabelSettings,
) -> list[tuple[AutomaticLabel, ...]]:
    """The best label of each method for each feature, best first; none for features too rare.

    `promoted` are the ids of the tokens that each feature raises most.
    """
    levels = Levels.of(table, classes, settings.thresholds)
    chosen_on = levels.firing(classes, classes.chosen_words)
    found = choose(chosen_on, classes, promoted, settings)
    scores = score(found, levels.firing(classes, ~classes.chosen_words), classes, settings.others)
    labels: list[list[AutomaticLabel]] = [[] for _ in range(len(table))]
    for number, feature in enumerate(found.feature.tolist()):
        labels[feature].append(_label(number, found, scores, (levels, classes)))
    return [tuple(each) for each in labels]


def _label(
    number: int, found: Predicates, scores: Scores, of: tuple[Levels, TokenClasses]
) -> AutomaticLabel:
    levels, classes = of
    place = (int(found.feature[number]), int(found.threshold[number]))
    values = found.classes[number]
    agreement = float(scores.agreement[number])
    return AutomaticLabel(
        method=METHODS[int(found.method[number])],
        text=classes.label(values[values != OUTSIDE].tolist()),
        threshold=round(float(levels.thresholds[place]), DECIMALS),
        share=round(float(levels.shares[place]), DECIMALS),
        score=round(float(scores.f1[number]), DECIMALS),
        control=round(float(scores.control[number]), DECIMALS),
        said=int(scores.said[number]),
        held=int(scores.held[number]),
        agreement=None if math.isnan(agreement) else round(agreement, DECIMALS),
    )
