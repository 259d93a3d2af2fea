"""Dashboards of the features of one layer, from where they are active.

What decoders say, the tokens that they promote and the features that they resemble, is computed
for many features at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from atlas.dashboards.activity import Activity, Context, bands, density, histogram, top_examples
from atlas.dashboards.dashboard import Dashboard
from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.methods.observation.direct_effects import direct_effects
from atlas.methods.observation.feature_activity import LayerActivity
from atlas.methods.observation.similar_features import similar_features
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel

FEATURES_AT_ONCE = 256  # whose logits over the vocabulary stand in memory: 256 MB for Gemma's


@dataclass(frozen=True)
class ObserveSettings:
    """How much a dashboard shows."""

    top: int = 20  # strongest examples
    bands: int = 5  # quantile bands of the non-zero activations
    band_examples: int = 5
    counter_examples: int = 10  # of each kind
    bins: int = 50  # of the histogram, as in Neuronpedia's
    tokens: int = 10  # promoted, and as many suppressed
    similar: int = 10
    similar_in_all_layers: bool = True  # else in the feature's own layer, which is much less work
    before: int = 24  # tokens shown before the one that an example was chosen for
    after: int = 8
    rows_per_pass: int = 32  # sequences per forward pass
    seed: int = 0  # of the halves that the threshold is chosen on and scored on


def layer_dashboards(
    engine: tuple[LanguageModel, Dictionary],
    shown: tuple[LabelledTokens, Context],
    seen: LayerActivity,
    settings: ObserveSettings,
) -> Iterator[tuple[Dashboard, Activity]]:
    """The dashboard and the activity of each feature, by ascending index."""
    model, dictionary = engine
    labelled, context = shown
    words = int(labelled.is_word().sum())
    indices = sorted(seen.features)
    near = None if settings.similar_in_all_layers else (seen.layer,)
    for start in range(0, len(indices), FEATURES_AT_ONCE):
        block = indices[start : start + FEATURES_AT_ONCE]
        effects = direct_effects(engine, seen.layer, block, (seen.final_scale, settings.tokens))
        similar = similar_features(dictionary, seen.layer, block, settings.similar, near)
        for index, (promoted, suppressed), others in zip(block, effects, similar, strict=True):
            found = seen.features[index]
            dashboard = Dashboard(
                model=model.name,
                dictionary=dictionary.name,
                layer=seen.layer,
                index=index,
                density=density(len(found.value), words),
                maximum=round(float(found.value.max(initial=0.0)), 4),
                histogram=histogram(found.value, settings.bins),
                top=top_examples(found, context, settings.top),
                bands=bands(found, context, (settings.bands, settings.band_examples)),
                promoted=promoted,
                suppressed=suppressed,
                similar=others,
            )
            yield dashboard, found


def sequence_context(
    model: LanguageModel, labelled: LabelledTokens, settings: ObserveSettings
) -> Context:
    """The texts that examples are cut from."""
    lengths = np.full(len(labelled.tokens), labelled.tokens.shape[1])
    if labelled.pad_id is not None:
        lengths = (labelled.tokens != labelled.pad_id).sum(1)
    return Context(
        tokens=labelled.tokens,
        strings=tuple(model.token_string(token) for token in range(model.d_vocab)),
        lengths=lengths,
        before=settings.before,
        after=settings.after,
    )
