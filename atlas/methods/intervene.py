"""What a model answers when features, heads, neurons or directions are changed, in three modes.

iterative    the real model: a feature's change is added to the stream at the dictionary's output
             site, heads, neurons and the stream are changed in place, and all later layers see it;
             a later change acts on what earlier ones left.
constrained  attention patterns stay as they were; up to a layer, MLP outputs do too, and each
             change is relative to the undisturbed value. Later layers are the real model's,
             and what a cross-layer feature would write there is left out.
direct       patterns, norm scales and all MLP outputs stay as they were: exactly the linear graph.

Where patterns are held, attention still carries on how the stream below it changed, and where
outputs are held, a skip connection does. A held MLP's neurons cannot change by themselves: what a
changed neuron writes is added to the held output.

Several rows with different changes run in one batch. Rows of different length are padded on the
right; attention is causal, so what stands in the padding does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.errors import BadInput, ModelError
from atlas.methods.intervention.edits import chained, live_edits
from atlas.methods.intervention.frozen_modes import (
    Plans,
    check_can_hold,
    frozen_edits,
    held_through,
)
from atlas.methods.intervention.interventions import (
    AnyIntervention,
    DirectionIntervention,
    FeatureIntervention,
    HeadIntervention,
    NeuronIntervention,
    Span,
    StreamIntervention,
)
from atlas.methods.intervention.kept_values import KeptValues
from atlas.methods.intervention.plan import plan_layers
from atlas.methods.intervention.site_plan import plan_sites
from atlas.models.dictionaries import Dictionary, MlpDictionary
from atlas.models.language_model import Edit, LanguageModel, Place
from atlas.models.sites import Site

__all__ = [
    "AnyIntervention",
    "DirectionIntervention",
    "FeatureIntervention",
    "HeadIntervention",
    "InterventionResult",
    "InterventionSettings",
    "NeuronIntervention",
    "PromptBatch",
    "Span",
    "StreamIntervention",
    "intervene",
    "iterative_edits",
]

Mode = Literal["iterative", "constrained", "direct"]
Record = Literal["nothing", "activations", "pre_activations"]


@dataclass(frozen=True)
class InterventionSettings:
    """How the model runs while features are changed."""

    mode: Mode = "iterative"  # only this one is evidence: it is the real model
    lengths: tuple[int, ...] | None = None  # real tokens per row; None: no row is padded
    # Constrained mode: MLP outputs are held up to this layer; None: each row's last changed one.
    held_through: int | None = None
    record: Record = "nothing"  # which values of the dictionary's features to return

    def __post_init__(self) -> None:
        if self.mode not in ("iterative", "constrained", "direct"):
            raise BadInput("mode", "iterative, constrained or direct", repr(self.mode))
        if self.record not in ("nothing", "activations", "pre_activations"):
            raise BadInput("record", "nothing, activations or pre_activations", repr(self.record))


@dataclass(frozen=True)
class InterventionResult:
    """The answers; `raw_logits` are those before a soft cap, equal to `logits` without one.

    `features` has one tensor per layer of the dictionary if the settings ask for it, computed on
    the changed stream, before the changes at that layer itself.
    """

    logits: Float[Tensor, "batch position d_vocab"]
    raw_logits: Float[Tensor, "batch position d_vocab"]
    features: dict[int, Float[Tensor, "batch position _feature"]]


def intervene(
    model: LanguageModel,
    dictionary: Dictionary | None,
    ids: Int[Tensor, "batch position"] | Int[np.ndarray, "batch position"],
    interventions: Sequence[Sequence[AnyIntervention]],
    settings: InterventionSettings = InterventionSettings(),  # noqa: B008  frozen, safe to share
) -> InterventionResult:
    """The model's answers with a sequence of interventions for every row.

    For several runs on the same prompts use `PromptBatch`, which keeps the undisturbed values.

    Raises:
        BadInput: rows, positions, features or vectors that do not fit; a feature changed twice.
        ModelError: a layer that the dictionary lacks, or a frozen mode without transcoders.
    """
    return PromptBatch(model, dictionary, ids, settings.lengths).run(interventions, settings)


class PromptBatch:
    """Prompts on which interventions run. Final.

    What the frozen modes hold is computed once, on first use. Without a dictionary, heads, neurons
    and the stream can be changed on the live model.
    """

    def __init__(
        self,
        model: LanguageModel,
        dictionary: Dictionary | None,
        ids: Int[Tensor, "batch position"] | Int[np.ndarray, "batch position"],
        lengths: Sequence[int] | None = None,
    ) -> None:
        self.model = model
        stay = model.settings.stream
        self.dictionary = dictionary and dictionary.to(model.device, model.dtype, stay)
        self.ids = torch.as_tensor(ids)
        rows, positions = self.ids.shape
        self.lengths = tuple(lengths) if lengths is not None else (positions,) * rows
        if len(self.lengths) != rows or not all(1 <= n <= positions for n in self.lengths):
            raise BadInput("lengths", f"{rows} numbers from 1 to {positions}", str(self.lengths))
        self._kept = KeptValues(model, self.ids)

    @property
    def logits(self) -> Float[Tensor, "batch position d_vocab"]:
        """The undisturbed model's answers."""
        return self.model.logits(self.ids)

    def repeated(self, times: int) -> PromptBatch:
        """A batch's only prompt in several rows; what is held is shared, not computed again."""
        if len(self.ids) != 1:
            raise BadInput("prompts to repeat", "one", str(len(self.ids)))
        lengths = self.lengths * times
        again = PromptBatch(self.model, self.dictionary, self.ids.expand(times, -1), lengths)
        again._kept = self._kept.repeated(times)
        return again

    def run(
        self,
        interventions: Sequence[Sequence[AnyIntervention]],
        settings: InterventionSettings = InterventionSettings(),  # noqa: B008  frozen
    ) -> InterventionResult:
        """The answers with these interventions; `settings.lengths` is not looked at."""
        edits = self._edits(interventions, settings)
        read: list[Place] = [(Site.LOGITS, 0)]
        dictionary = self.dictionary
        if settings.record != "nothing" and dictionary is not None:
            read += [(dictionary.feature_input, layer) for layer in dictionary.layer_numbers]
        outcome = self.model.run(self.ids, read=read, edits=edits)
        features: dict[int, Tensor] = {}
        if settings.record != "nothing" and dictionary is not None:
            for site, layer in read[1:]:
                coder, x = dictionary.coder(layer), outcome.values[site, layer]
                asked = settings.record == "activations"
                features[layer] = coder.encode(x) if asked else coder.pre_activations(x)
        return InterventionResult(outcome.logits, outcome.values[Site.LOGITS, 0], features)

    def _edits(
        self, interventions: Sequence[Sequence[AnyIntervention]], settings: InterventionSettings
    ) -> dict[Place, Edit]:
        model, dictionary = self.model, self.dictionary
        if settings.mode == "iterative":
            return iterative_edits((model, dictionary), interventions, self.lengths)
        if not isinstance(dictionary, MlpDictionary):
            found = dictionary.name if dictionary else "no dictionary"
            raise ModelError(f"mode {settings.mode}", "transcoders, whose MLPs can be held", found)
        check_can_hold(model, settings.mode, interventions)
        direct = settings.mode == "direct"
        asked = model.layers - 1 if direct else settings.held_through
        through = [held_through(model, listed, asked) for listed in interventions]
        plans = _plans((model, dictionary), interventions, self.lengths)
        return frozen_edits((model, dictionary), self._kept, plans, through, direct)


def iterative_edits(
    engine: tuple[LanguageModel, Dictionary | None],
    interventions: Sequence[Sequence[AnyIntervention]],
    lengths: Sequence[int],
    first: int = 0,
) -> dict[Place, Edit]:
    """The changes on the live model, for a batch whose ids start at position `first`.

    Changes before that position have been made in an earlier pass. Raises as `intervene`.
    """
    layers, sites = _plans(engine, interventions, lengths, first)
    dictionary = engine[1]
    # What a feature reads is the stream as directions left it.
    return chained(sites.live_edits(), live_edits(dictionary, layers) if dictionary else {})


def _plans(
    engine: tuple[LanguageModel, Dictionary | None],
    interventions: Sequence[Sequence[AnyIntervention]],
    lengths: Sequence[int],
    first: int = 0,
) -> Plans:
    model, dictionary = engine
    like = torch.zeros(0, device=model.device, dtype=model.dtype)
    layers = plan_layers(dictionary, interventions, lengths, like, first)
    return layers, plan_sites(model, interventions, lengths, first)
