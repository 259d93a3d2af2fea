"""How good a dictionary is: activity, unexplained variance, dead features, and the model on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from atlas.methods.replace_mlps import replaced_logits
from atlas.methods.training.activation_stream import counted_tokens
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel


@dataclass(frozen=True)
class LayerQuality:
    """One layer's coder on some tokens."""

    layer: int
    active_per_token: float  # mean number of active features, "L0"
    unexplained_variance: float  # sum of squared errors / sum of squared deviations from the mean
    dead_features: int  # never active on these tokens
    features: int


@dataclass(frozen=True)
class DictionaryQuality:
    """A dictionary on some tokens, layer by layer and all layers put into the model at once."""

    layers: tuple[LayerQuality, ...]
    divergence: float  # mean KL(model ‖ model on the dictionary) in nats per token
    same_top_token: float  # share of tokens (0 to 1) at which both say the same next token
    tokens: int


def measure_quality(
    model: LanguageModel,
    dictionary: Dictionary,
    token_batches: Iterable[Int[np.ndarray, "sequence position"]],
    pad_id: int | None = None,
) -> DictionaryQuality:
    """Measure on given sequences, neither on position 0 nor on padding."""
    sums = {layer: _Sums(dictionary.features(layer)) for layer in dictionary.layer_numbers}
    divergence, same, count = 0.0, 0, 0
    sites = (dictionary.feature_input, dictionary.feature_output)
    places = [(site, layer) for layer in dictionary.layer_numbers for site in sites]
    for batch in token_batches:
        ids = torch.from_numpy(np.asarray(batch, dtype=np.int64))
        counted = counted_tokens(ids, pad_id)
        run = model.run(ids, places)
        active: dict[int, Tensor] = {}
        for layer, layer_sums in sums.items():
            reads, writes = (run.values[site, layer][counted] for site in sites)
            active[layer] = dictionary.encode(layer, reads)
            layer_sums.add(active[layer], writes, dictionary.reconstruct(layer, active, reads))
            for source in set(active) - set(dictionary.writers(layer + 1)):
                del active[source]  # nothing later needs it
        whole, replaced = run.logits[counted], replaced_logits(model, dictionary, ids)[counted]
        logs = whole.log_softmax(-1)
        divergence += float((logs.exp() * (logs - replaced.log_softmax(-1))).sum())
        same += int((whole.argmax(-1) == replaced.argmax(-1)).sum())
        count += int(counted.sum())
    return DictionaryQuality(
        layers=tuple(layer_sums.quality(layer, count) for layer, layer_sums in sums.items()),
        divergence=divergence / max(count, 1),
        same_top_token=same / max(count, 1),
        tokens=count,
    )


class _Sums:
    """Running sums of one layer, in double precision: deviations are small against the squares."""

    def __init__(self, features: int) -> None:
        self.active = torch.zeros(features, dtype=torch.int64)
        self.error = 0.0
        self.count = 0
        self.mean: Tensor | None = None
        self.deviation = 0.0

    def add(self, active: Tensor, truth: Tensor, estimate: Tensor) -> None:
        """Add the tokens of one batch."""
        truth, estimate = truth.double(), estimate.double()
        self.active += (active != 0).sum(0)
        self.error += float((truth - estimate).pow(2).sum())
        mean, count = truth.mean(0), len(truth)
        before = mean if self.mean is None else self.mean
        total = self.count + count
        # Chan's rule: deviations about two means join with the squared distance of the means.
        between = float((mean - before).pow(2).sum()) * self.count * count / total
        self.deviation += float((truth - mean).pow(2).sum()) + between
        self.mean = before + (mean - before) * (count / total)
        self.count = total

    def quality(self, layer: int, tokens: int) -> LayerQuality:
        """The layer's figures."""
        return LayerQuality(
            layer=layer,
            active_per_token=float(self.active.sum()) / max(tokens, 1),
            unexplained_variance=self.error / max(self.deviation, 1e-30),
            dead_features=int((self.active == 0).sum()),
            features=len(self.active),
        )
