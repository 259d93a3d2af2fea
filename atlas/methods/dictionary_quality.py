"""How good a dictionary is: activity, unexplained variance, dead features, and the model on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

from atlas.methods.replace_mlps import ablated_logits, replaced_logits
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
    loss: float  # the model's own cross-entropy of the next token, nats
    replaced_loss: float  # that of the model on the dictionary
    ablated_loss: float  # that of the model with zeros at the dictionary's output site
    same_top_token: float  # share of tokens (0 to 1) at which both say the same next token
    tokens: int

    @property
    def loss_recovered(self) -> float:
        """What share of the loss that zeros cost the dictionary keeps: 1 is the model itself."""
        lost = self.ablated_loss - self.loss
        return (self.ablated_loss - self.replaced_loss) / lost if lost else 1.0


def measure_quality(
    model: LanguageModel,
    dictionary: Dictionary,
    token_batches: Iterable[Int[np.ndarray, "sequence position"]],
    pad_id: int | None = None,
) -> DictionaryQuality:
    """Measure on given sequences, neither on position 0 nor on padding."""
    sums = {layer: _Sums(dictionary.features(layer)) for layer in dictionary.layer_numbers}
    answers = _AnswerSums()
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
        replaced = replaced_logits(model, dictionary, ids)
        ablated = ablated_logits(model, dictionary, ids)
        answers.add(ids, counted, (run.logits, replaced, ablated))
    return answers.quality(
        tuple(each.quality(layer, answers.tokens) for layer, each in sums.items())
    )


class _AnswerSums:
    """Running sums of what the model, the replaced and the ablated model answer."""

    def __init__(self) -> None:
        self.tokens = self.predicted = self.same = 0
        self.divergence = 0.0
        self.losses = [0.0, 0.0, 0.0]

    def add(
        self,
        ids: Int[Tensor, "batch position"],
        counted: Bool[Tensor, "batch position"],
        logits: tuple[Tensor, Tensor, Tensor],
    ) -> None:
        """Add the tokens of one batch; logits of the model, the replaced and the ablated one."""
        whole, replaced, _ = (each[counted] for each in logits)
        logs = whole.log_softmax(-1)
        self.divergence += float((logs.exp() * (logs - replaced.log_softmax(-1))).sum())
        self.same += int((whole.argmax(-1) == replaced.argmax(-1)).sum())
        self.tokens += int(counted.sum())
        followed = counted[:, :-1] & counted[:, 1:]
        self.predicted += int(followed.sum())
        for number, each in enumerate(logits):
            told = each[:, :-1][followed], ids[:, 1:][followed].to(each.device)
            self.losses[number] += float(cross_entropy(*told, reduction="sum"))

    def quality(self, layers: tuple[LayerQuality, ...]) -> DictionaryQuality:
        """The figures per token."""
        loss, replaced, ablated = (total / max(self.predicted, 1) for total in self.losses)
        return DictionaryQuality(
            layers=layers,
            divergence=self.divergence / max(self.tokens, 1),
            loss=loss,
            replaced_loss=replaced,
            ablated_loss=ablated,
            same_top_token=self.same / max(self.tokens, 1),
            tokens=self.tokens,
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
