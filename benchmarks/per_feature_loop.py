"""Dashboards feature after feature, in the manner of SAEDashboard: the other side of a benchmark.

Written from a description of its algorithm: for a chunk of features the activations at all tokens
stand dense in memory, computed from cached values of the model, and are correlated with those
values and with each other; then a loop in Python over features finds the strongest tokens, five
bands of equal width with examples drawn at random, a histogram, quantiles, and the tokens that the
feature promotes and suppresses, and writes JSON with the tokens as strings. Left out, which favours
it: the alignment with neurons, and updating the correlations batch by batch.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel

CHUNK = 128  # features, SAEDashboard's default
TOP, BANDS, OF_BAND, TOKENS, BINS, QUANTILES = 20, 5, 5, 10, 50, 1000


@dataclass(frozen=True)
class Cached:
    """What the model gave at one layer, once for all chunks."""

    ids: Int[np.ndarray, "sequence position"]
    words: Bool[np.ndarray, "sequence position"]
    strings: tuple[str, ...]  # by token id
    values: Float[Tensor, "sequence position d_model"]


def cache(
    model: LanguageModel, dictionary: Dictionary, layer: int, tokens: tuple[np.ndarray, np.ndarray]
) -> Cached:
    """Run the model over the tokens (ids, and which count), 32 sequences at a time."""
    ids, words = tokens
    place = (dictionary.feature_input, layer)
    found = [
        model.run(torch.from_numpy(ids[start : start + 32].astype(np.int64)), read=[place])
        for start in range(0, len(ids), 32)
    ]
    strings = tuple(model.token_string(token) for token in range(model.d_vocab))
    return Cached(ids, words, strings, torch.cat([each.values[place] for each in found]))


def dashboards(
    engine: tuple[LanguageModel, Dictionary], layer: int, cached: Cached, features: list[int]
) -> Iterator[str]:
    """The JSON of one after the other, chunk by chunk."""
    model, dictionary = engine
    counted = torch.from_numpy(cached.words)
    for start in range(0, len(features), CHUNK):
        chunk = features[start : start + CHUNK]
        dense = dictionary.coder(layer).encode_features(cached.values, chunk)
        dense = dense * counted[..., None]
        written = model.final_norm().forward(dictionary.write_vectors(layer, chunk))
        logits = model.unembedding().linear(written)
        columns = dense[counted]
        near = correlated(columns, cached.values[counted]), correlated(columns, columns)
        for number, index in enumerate(chunk):
            found = one(cached, dense[..., number], logits[number])
            rows = [[part[number].tolist() for part in each] for each in near]
            yield json.dumps(found | {"index": index, "correlated": rows})


def correlated(
    columns: Float[Tensor, "token chosen"], others: Float[Tensor, "token other"]
) -> tuple[Float[Tensor, "chosen rank"], Int[Tensor, "chosen rank"]]:
    """Pearson's correlation with the three others that it is largest for."""
    centred = [each - each.mean(0) for each in (columns, others)]
    unit = [each / each.norm(dim=0).clamp_min(1e-12) for each in centred]
    best = (unit[0].T @ unit[1]).topk(3, dim=-1)
    return best.values, best.indices


def one(
    cached: Cached,
    activations: Float[Tensor, "sequence position"],
    logits: Float[Tensor, " d_vocab"],
) -> dict[str, Any]:
    """The dashboard of one feature."""
    flat = activations.flatten()
    above = flat[flat > 0]
    highest = float(flat.max())
    best = logits.topk(TOKENS)
    worst = logits.topk(TOKENS, largest=False)
    groups = [examples(cached, activations, flat.topk(TOP).indices.tolist())]
    edges = np.linspace(0, highest, BANDS + 1).tolist()
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        members = ((flat > low) & (flat <= high)).nonzero().flatten().tolist()
        drawn = random.sample(members, min(OF_BAND, len(members)))
        groups.append(examples(cached, activations, drawn))
    counts, bars = np.histogram(above.numpy(), bins=BINS) if len(above) else (np.zeros(0),) * 2
    shares = torch.linspace(0, 1, QUANTILES)
    return {
        "density": len(above) / max(int(cached.words.sum()), 1),
        "histogram": (counts.tolist(), bars.tolist()),
        "logit_histogram": np.histogram(logits.numpy(), bins=BINS)[0].tolist(),
        "quantiles": torch.quantile(above, shares).tolist() if len(above) else [],
        "promoted": ([cached.strings[t] for t in best.indices.tolist()], best.values.tolist()),
        "suppressed": ([cached.strings[t] for t in worst.indices.tolist()], worst.values.tolist()),
        "examples": groups,
    }


def examples(
    cached: Cached, activations: Float[Tensor, "sequence position"], places: list[int]
) -> list[dict[str, Any]]:
    """The whole sequence around each place, with its activations, as Neuronpedia's runner takes."""
    length = activations.shape[1]
    return [
        {
            "tokens": [cached.strings[token] for token in cached.ids[place // length].tolist()],
            "values": [round(value, 4) for value in activations[place // length].tolist()],
            "position": place % length,
        }
        for place in places
    ]
