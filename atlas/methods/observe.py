"""Dashboards of chosen features from one pass over a labelled token file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from atlas.dashboards.activity import Activity, Context, examples_where
from atlas.dashboards.dashboard import CounterExamples, Dashboard
from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.errors import BadInput
from atlas.methods.observation.feature_activity import observe_activity
from atlas.methods.observation.layer_dashboards import (
    ObserveSettings,
    layer_dashboards,
    sequence_context,
)
from atlas.methods.score_features import predicate_score
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel

Feature = tuple[int, int]
"""A layer and an index."""
Predicate = Mapping[str, Any]


def observe(
    model: LanguageModel,
    dictionary: Dictionary,
    labelled: LabelledTokens,
    features: Mapping[Feature, Predicate | None],
    settings: ObserveSettings = ObserveSettings(),  # noqa: B008  frozen, so safe to share
) -> dict[Feature, tuple[Dashboard, Activity]]:
    """A dashboard for each wanted feature, with its activity on the file.

    With a predicate, the dashboard also shows where the two disagree. The model runs once over the
    sequences, whatever the number of features. ``model`` and ``dictionary`` of a dashboard are the
    names of the two.

    Raises:
        BadInput: a feature that the dictionary does not have, or a predicate that cannot be judged.
    """
    _check(dictionary, features)
    wanted: dict[int, tuple[int, ...]] = {}
    for layer, index in features:
        wanted[layer] = (*wanted.get(layer, ()), index)
    context = sequence_context(model, labelled, settings)
    found = {}
    for seen in observe_activity(model, dictionary, labelled, wanted, settings.rows_per_pass):
        words = int(labelled.is_word().sum())
        table = layer_dashboards((model, dictionary), (words, context), seen, settings)
        for number, dashboard in enumerate(table.dashboards(context)):
            at, activity = (seen.layer, dashboard.index), seen.table.activity(number)
            counter = None
            if (predicate := features[at]) is not None:
                counter = _counter(activity, (labelled, context), predicate, settings)
            found[at] = (replace(dashboard, counter=counter), activity)
    return {at: found[at] for at in features}


def _counter(
    activity: Activity,
    shown: tuple[LabelledTokens, Context],
    predicate: Predicate,
    settings: ObserveSettings,
) -> CounterExamples:
    """Where a feature and its label disagree, at the threshold that suits them best."""
    labelled, context = shown
    table = activity.dense(labelled.tokens.shape)
    holds = labelled.mask(predicate, context.strings)
    judged = labelled.defined(predicate)
    score = predicate_score(table, holds, judged, settings.seed)
    yes = (table >= score.threshold) & (table > 0)
    silent, false = holds & ~yes, yes & judged & ~holds
    return CounterExamples(
        predicate=dict(predicate),
        threshold=score.threshold if np.isfinite(score.threshold) else 0.0,
        silent=int(silent.sum()),
        false=int(false.sum()),
        silent_examples=examples_where(silent, activity, context, settings.counter_examples),
        false_examples=examples_where(false, activity, context, settings.counter_examples),
    )


def _check(dictionary: Dictionary, features: Mapping[Feature, Predicate | None]) -> None:
    for layer, index in features:
        count = dictionary.features(layer)
        if not 0 <= index < count:
            raise BadInput(
                f"feature {layer}-{index}", f"an index below {count}", str(index), "check the id"
            )
