"""Dashboards of many features from one pass over a labelled token file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from atlas.dashboards.activity import (
    Activity,
    Context,
    bands,
    density,
    examples_where,
    histogram,
    top_examples,
)
from atlas.dashboards.dashboard import CounterExamples, Dashboard, Similar, TokenEffect
from atlas.dashboards.labelled_tokens import LabelledTokens
from atlas.errors import BadInput
from atlas.methods.score_features import predicate_score
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel
from atlas.models.sites import Site

Feature = tuple[int, int]
"""A layer and an index."""
Predicate = Mapping[str, Any]


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
    before: int = 24  # tokens shown before the one that an example was chosen for
    after: int = 8
    rows_per_pass: int = 32  # sequences per forward pass
    seed: int = 0  # of the halves that the threshold is chosen on and scored on


def observe(
    model: LanguageModel,
    dictionary: Dictionary,
    labelled: LabelledTokens,
    features: Mapping[Feature, Predicate | None],
    settings: ObserveSettings = ObserveSettings(),  # noqa: B008  frozen, so safe to share
) -> dict[Feature, Dashboard]:
    """A dashboard for each wanted feature; with a predicate, also where the two disagree.

    The model runs once over the sequences, whatever the number of features. ``model`` and
    ``dictionary`` of the result are the names of the two.

    Raises:
        BadInput: a feature that the dictionary does not have, or a predicate that cannot be judged.
    """
    _check(dictionary, features)
    seen = observe_activity(model, dictionary, labelled, tuple(features), settings)
    return dashboards((model, dictionary), labelled, features, seen, settings)


def dashboards(
    engine: tuple[LanguageModel, Dictionary],
    labelled: LabelledTokens,
    features: Mapping[Feature, Predicate | None],
    seen: tuple[dict[Feature, Activity], float],
    settings: ObserveSettings,
) -> dict[Feature, Dashboard]:
    """The dashboards of features whose activity was observed; `seen` is what observing gave."""
    model, dictionary = engine
    activity, final_scale = seen
    context = _context(model, labelled, settings)
    words = int(labelled.is_word().sum())
    result = {}
    for (layer, index), predicate in features.items():
        found = activity[layer, index]
        promoted, suppressed = _effects(model, dictionary, (layer, index), final_scale, settings)
        result[layer, index] = Dashboard(
            model=model.name,
            dictionary=dictionary.name,
            layer=layer,
            index=index,
            density=density(len(found.value), words),
            maximum=round(float(found.value.max(initial=0.0)), 4),
            histogram=histogram(found.value, settings.bins),
            top=top_examples(found, context, settings.top),
            bands=bands(found, context, (settings.bands, settings.band_examples)),
            promoted=promoted,
            suppressed=suppressed,
            similar=_similar(dictionary, (layer, index), settings.similar),
            counter=_counter(found, labelled, predicate, (context, settings)),
        )
    return result


def observe_activity(
    model: LanguageModel,
    dictionary: Dictionary,
    labelled: LabelledTokens,
    features: tuple[Feature, ...],
    settings: ObserveSettings,
) -> tuple[dict[Feature, Activity], float]:
    """Where each feature is active, and the mean divisor of the final norm."""
    parts: dict[Feature, list[Activity]] = {feature: [] for feature in features}
    wanted = {layer: [index for at, index in features if at == layer] for layer, _ in features}
    places = [(dictionary.feature_input, layer) for layer in wanted]
    scales = 0.0
    words = labelled.is_word()
    for rows, ids in _passes(labelled, settings.rows_per_pass):
        run = model.run(ids, [*places, (Site.FINAL_NORM_SCALE, 0)])
        counted = words[rows]
        scale = run.values[Site.FINAL_NORM_SCALE, 0].reshape(ids.shape)
        scales += float(scale[torch.from_numpy(counted)].double().sum())
        for layer, indices in wanted.items():
            read = run.values[dictionary.feature_input, layer]
            active = dictionary.coder(layer).encode_features(read, indices)
            for index, values in zip(indices, active.unbind(-1), strict=True):
                parts[layer, index].append(_activity(values, counted, rows.start))
    mean_scale = scales / max(int(words.sum()), 1)
    return {feature: Activity.join(found) for feature, found in parts.items()}, mean_scale


def _passes(labelled: LabelledTokens, size: int) -> Iterator[tuple[slice, Tensor]]:
    for start in range(0, len(labelled.tokens), size):
        rows = slice(start, min(start + size, len(labelled.tokens)))
        yield rows, torch.from_numpy(labelled.tokens[rows].astype(np.int64))


def _activity(
    values: Float[Tensor, "sequence position"], counted: np.ndarray, first: int
) -> Activity:
    table = np.where(counted, values.float().cpu().numpy(), 0.0)
    sequence, position = np.nonzero(table > 0)
    return Activity(sequence + first, position, table[sequence, position].astype(np.float32))


def _context(model: LanguageModel, labelled: LabelledTokens, settings: ObserveSettings) -> Context:
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


def _effects(
    model: LanguageModel,
    dictionary: Dictionary,
    feature: Feature,
    final_scale: float,
    settings: ObserveSettings,
) -> tuple[tuple[TokenEffect, ...], tuple[TokenEffect, ...]]:
    """The tokens whose logits the feature's decoder vector raises and lowers most, directly.

    Through the final norm's weight, with its divisor at its mean: (w ⊙ d) W_U / s, minus the mean.
    """
    written = model.final_norm().forward(dictionary.write_vectors(feature[0], [feature[1]])[0])
    logits = written @ model.unembedding().weight / final_scale
    logits = logits - logits.mean()
    count = min(settings.tokens, len(logits))
    found = (logits.topk(count), logits.topk(count, largest=False))
    promoted, suppressed = (
        tuple(
            TokenEffect(model.token_string(int(token)), round(float(logit), 4))
            for logit, token in zip(values, tokens, strict=True)
        )
        for values, tokens in found
    )
    return promoted, suppressed


def _similar(dictionary: Dictionary, feature: Feature, count: int) -> tuple[Similar, ...]:
    """The features of all layers whose decoder vectors point most nearly the same way."""
    own = torch.nn.functional.normalize(
        dictionary.write_vectors(feature[0], [feature[1]])[0], dim=0
    )
    found: list[Similar] = []
    for layer in dictionary.layer_numbers:
        rows = torch.nn.functional.normalize(dictionary.write_vectors(layer), dim=-1)
        cosines = rows @ own
        if layer == feature[0]:
            cosines[feature[1]] = -1.0
        values, indices = cosines.topk(min(count, len(cosines)))
        found += [
            Similar(layer, int(index), round(float(value), 4))
            for value, index in zip(values, indices, strict=True)
        ]
    return tuple(sorted(found, key=lambda other: (-other.cosine, other.layer, other.index))[:count])


def _counter(
    activity: Activity,
    labelled: LabelledTokens,
    predicate: Predicate | None,
    shown: tuple[Context, ObserveSettings],
) -> CounterExamples | None:
    if predicate is None:
        return None
    context, settings = shown
    table = activity.dense((len(labelled.tokens), labelled.tokens.shape[1]))
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
        silent_examples=examples_where(silent, table, context, settings.counter_examples),
        false_examples=examples_where(false, table, context, settings.counter_examples),
    )


def _check(dictionary: Dictionary, features: Mapping[Feature, Predicate | None]) -> None:
    for layer, index in features:
        count = dictionary.features(layer)
        if not 0 <= index < count:
            raise BadInput(
                f"feature {layer}-{index}", f"an index below {count}", str(index), "check the id"
            )
