"""Dashboards of the features of one layer, from where they are active.

What decoders say, the tokens that they promote and the features that they resemble, is computed
for many features at once, as is all else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from atlas.dashboards.activity import Context
from atlas.dashboards.dashboard_table import DashboardTable, Figures
from atlas.dashboards.firing_together import Piece, Together, TogetherSettings, firing_together
from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.dashboards.pair_files import quantised
from atlas.methods.labelling.choosing import LabelSettings
from atlas.methods.observation.direct_effects import direct_effects
from atlas.methods.observation.feature_activity import LayerActivity
from atlas.methods.observation.similar_features import similar_features
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel


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
    together: TogetherSettings = TogetherSettings()
    labels: LabelSettings = LabelSettings()
    before: int = 24  # tokens shown before the one that an example was chosen for
    after: int = 8
    rows_per_pass: int = 32  # sequences per forward pass
    seed: int = 0  # of the halves that the threshold is chosen on and scored on


@dataclass(frozen=True)
class WholeLayer:
    """What is known of all features of a layer, of which some get their dashboards."""

    counts: Int64[np.ndarray, " feature"]  # tokens at which each is active
    pieces: Iterable[Piece]


def layer_dashboards(
    engine: tuple[LanguageModel, Dictionary],
    shown: tuple[int, Context],
    seen: LayerActivity,
    settings: ObserveSettings,
    whole: WholeLayer | None = None,
) -> DashboardTable:
    """The dashboards of some features; `shown` are the number of tokens that count and the texts.

    Which features fire together is left out where the whole layer is not known.
    """
    model, dictionary = engine
    tokens, context = shown
    index = seen.table.index
    indices = index.tolist()
    near = None if settings.similar_in_all_layers else (seen.layer,)
    counts = (settings.bins, settings.top, settings.bands, settings.band_examples)
    effects = direct_effects(engine, seen.layer, indices, (seen.final_scale, settings.tokens))
    if whole is None:
        none = np.zeros((len(index), 0), dtype=np.int64)
        together, active = Together(none, none), np.zeros(0, dtype=np.int64)
    else:
        together = firing_together(index, whole.counts, whole.pieces, settings.together)
        active = whole.counts
    return DashboardTable(
        model=model.name,
        dictionary=dictionary.name,
        layer=seen.layer,
        tokens=tokens,
        activity=seen.table,
        figures=Figures.of(seen.table, context, counts),
        promoted=effects[0],
        suppressed=effects[1],
        similar=similar_features(dictionary, seen.layer, indices, settings.similar, near),
        together=together,
        counts=active,
        decoder=quantised(dictionary.write_vectors(seen.layer, indices).float().cpu().numpy()),
    )


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
