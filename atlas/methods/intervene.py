"""What a model answers when features are changed, in one of three modes.

iterative    the real model: a change is added to the stream at the dictionary's output site, and
             all later layers see it; a later change acts on the activation that earlier ones left.
constrained  attention patterns stay as they were; up to a layer, MLP outputs do too, and each
             change is relative to the undisturbed activation. Later layers are the real model's,
             and what a cross-layer feature would write there is left out.
direct       patterns, norm scales and all MLP outputs stay as they were: exactly the linear graph.

Where outputs are held, a skip connection still passes on how its input changed.

Several rows with different changes run in one batch. Rows of different length are padded on the
right; attention is causal, so what stands in the padding does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.errors import BadInput, ModelError
from atlas.methods.intervention_edits import held_edits, live_edits
from atlas.methods.intervention_plan import LayerPlan, plan_layers
from atlas.methods.interventions import (
    AnyIntervention,
    DirectionIntervention,
    FeatureIntervention,
    Span,
)
from atlas.models.dictionaries import Dictionary, MlpDictionary
from atlas.models.language_model import Edit, LanguageModel, Place
from atlas.models.sites import Site

__all__ = [
    "AnyIntervention",
    "DirectionIntervention",
    "FeatureIntervention",
    "InterventionResult",
    "InterventionSettings",
    "PromptBatch",
    "Span",
    "intervene",
]

Mode = Literal["iterative", "constrained", "direct"]
Record = Literal["nothing", "activations", "pre_activations"]
SCALES = (
    Site.ATTENTION_NORM_SCALE,
    Site.ATTENTION_POST_NORM_SCALE,
    Site.MLP_NORM_SCALE,
    Site.MLP_POST_NORM_SCALE,
)


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
    dictionary: Dictionary,
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

    What the frozen modes hold is computed once, on first use.
    """

    def __init__(
        self,
        model: LanguageModel,
        dictionary: Dictionary,
        ids: Int[Tensor, "batch position"] | Int[np.ndarray, "batch position"],
        lengths: Sequence[int] | None = None,
    ) -> None:
        self.model = model
        self.dictionary = dictionary.to(model.device, model.dtype)
        self.ids = torch.as_tensor(ids)
        rows, positions = self.ids.shape
        self.lengths = tuple(lengths) if lengths is not None else (positions,) * rows
        if len(self.lengths) != rows or not all(1 <= n <= positions for n in self.lengths):
            raise BadInput("lengths", f"{rows} numbers from 1 to {positions}", str(self.lengths))

    @property
    def logits(self) -> Float[Tensor, "batch position d_vocab"]:
        """The undisturbed model's answers."""
        return self.model.logits(self.ids)

    def run(
        self,
        interventions: Sequence[Sequence[AnyIntervention]],
        settings: InterventionSettings = InterventionSettings(),  # noqa: B008  frozen
    ) -> InterventionResult:
        """The answers with these interventions; `settings.lengths` is not looked at."""
        like = self.dictionary.coder(self.dictionary.layer_numbers[0]).b_dec
        plans = plan_layers(self.dictionary, interventions, self.lengths, like)
        if settings.mode == "iterative":
            edits = live_edits(self.dictionary, plans)
        else:
            edits = self._frozen_edits(plans, interventions, settings)
        read: list[Place] = [(Site.LOGITS, 0)]
        if settings.record != "nothing":
            read += [
                (self.dictionary.feature_input, layer) for layer in self.dictionary.layer_numbers
            ]
        outcome = self.model.run(self.ids, read=read, edits=edits)
        features = {
            place[1]: self._recorded(place[1], outcome.values[place], settings.record)
            for place in read[1:]
        }
        return InterventionResult(outcome.logits, outcome.values[Site.LOGITS, 0], features)

    def _recorded(self, layer: int, x: Tensor, record: Record) -> Tensor:
        coder = self.dictionary.coder(layer)
        if record == "activations":
            return coder.encode(x)
        return coder.pre_activations(x)

    def _frozen_edits(
        self,
        plans: dict[int, LayerPlan],
        interventions: Sequence[Sequence[AnyIntervention]],
        settings: InterventionSettings,
    ) -> dict[Place, Edit]:
        """Hold patterns and MLP outputs (in direct mode norm scales too), and write the changes."""
        if not isinstance(self.dictionary, MlpDictionary):
            raise ModelError(
                f"mode {settings.mode}", "transcoders, whose MLPs can be held", self.dictionary.name
            )
        clean, model = self._clean, self.model
        through = [self._held_through(row, settings) for row in interventions]
        last = torch.tensor(through, device=model.device)[:, None, None]
        held = {layer: last >= layer for layer in range(max(through) + 1)}
        edits = held_edits(self.dictionary, plans, clean, held)
        for layer in range(model.layers):
            pattern = (Site.ATTENTION_PATTERN, layer)
            edits[pattern] = _replace(clean[pattern])
        if settings.mode == "direct":
            for place in self._scale_places():
                edits[place] = _replace(clean[place])
        return edits

    def _held_through(
        self, interventions: Sequence[AnyIntervention], settings: InterventionSettings
    ) -> int:
        """The last layer whose MLP output is held in a row; -1 for none."""
        if settings.mode == "direct":
            return self.model.layers - 1
        last = max((intervention.layer for intervention in interventions), default=-1)
        if settings.held_through is None:
            return last
        if settings.held_through < last:
            raise BadInput(
                "held_through", f"layer {last} or later, so that all changes count",
                f"layer {settings.held_through}",
            )  # fmt: skip
        return settings.held_through

    def _scale_places(self) -> list[Place]:
        places: list[Place] = [(Site.FINAL_NORM_SCALE, 0)]
        for layer in range(self.model.layers):
            places += [(site, layer) for site in SCALES if self.model.has(site, layer)]
        return places

    @cached_property
    def _clean(self) -> dict[Place, Tensor]:
        """All that the frozen modes hold."""
        sites = (
            Site.ATTENTION_PATTERN,
            self.dictionary.feature_input,
            self.dictionary.feature_output,
        )
        places = [(site, layer) for layer in range(self.model.layers) for site in sites]
        return self.model.run(self.ids, read=[*places, *self._scale_places()]).values


def _replace(kept: Tensor) -> Edit:
    return lambda value: kept
