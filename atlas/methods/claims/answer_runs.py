"""Prompts with their interventions, run in batches of similar length; only answers are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Int64

from atlas.errors import EntryError
from atlas.methods.claims.answers import Answers, answers, joined
from atlas.methods.claims.matched_sets import ControlSet
from atlas.methods.claims.row_activations import padded
from atlas.methods.claims.row_changes import Change, HeadChange
from atlas.methods.generate import GenerationSettings, generate
from atlas.methods.intervene import InterventionSettings, Mode, PromptBatch
from atlas.methods.intervention.interventions import (
    AnyIntervention,
    DirectionIntervention,
    FeatureIntervention,
    HeadIntervention,
    Span,
)
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel

Candidates = tuple[int, int, int]
"""Token ids of a row's target, foil and partner's target; -1 where there is none."""


@dataclass(frozen=True)
class Job:
    """One prompt and what is done to it."""

    ids: Int64[np.ndarray, " position"]
    candidates: Candidates
    changes: tuple[Change, ...] = ()
    pushes: ControlSet = ()
    heads: tuple[HeadChange, ...] = ()

    def interventions(self, open_ended: bool) -> tuple[AnyIntervention, ...]:
        """The engine's interventions; `open_ended` lets those at the last token go on after it."""
        last = len(self.ids) - 1 if open_ended else -1
        found: list[AnyIntervention] = [
            _feature_intervention(change, _position(change.position, last))
            for change in self.changes
        ]
        found += [
            DirectionIntervention(push.layer, _position(push.position, last), push.vector)
            for push in self.pushes
        ]
        found += [
            HeadIntervention(
                each.layer, each.head, _position(each.position, last), "scale", each.factor
            )
            for each in self.heads
        ]
        return tuple(found)


@dataclass(frozen=True)
class RunSettings:
    """How jobs are run."""

    mode: Mode = "iterative"  # the real model
    generate: int = 0  # greedy tokens after the prompt, with the intervention going on
    logits_per_batch: int = 30_000_000  # rows × positions × vocabulary; 120 MB in float32


def run_answers(
    model: LanguageModel,
    dictionary: Dictionary,
    jobs: Sequence[Job],
    settings: RunSettings = RunSettings(),  # noqa: B008  frozen, so safe to share
) -> Answers:
    """The answer of each job, in their order.

    Jobs of similar length run together, so that little is spent on padding.
    """
    if not jobs:
        return answers(torch.zeros(0, 1), np.zeros((0, 3), dtype=np.int64))
    order = sorted(range(len(jobs)), key=lambda number: len(jobs[number].ids))
    longest = len(jobs[order[-1]].ids)
    size = max(1, settings.logits_per_batch // (longest * model.d_vocab))
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    found = [_run_batch(model, dictionary, [jobs[n] for n in batch], settings) for batch in batches]
    back = np.empty(len(order), dtype=np.int64)
    back[np.array(order)] = np.arange(len(order))
    return joined(found).take(back)


def _run_batch(
    model: LanguageModel, dictionary: Dictionary, jobs: Sequence[Job], settings: RunSettings
) -> Answers:
    ids, lengths = padded([job.ids for job in jobs])
    real = tuple(int(length) for length in lengths)
    interventions = [job.interventions(False) for job in jobs]
    batch = PromptBatch(model, dictionary, ids, real)
    logits = batch.run(interventions, InterventionSettings(mode=settings.mode)).logits
    last = logits[torch.arange(len(jobs)), torch.from_numpy(lengths).to(logits.device) - 1]
    found = answers(last, np.array([job.candidates for job in jobs], dtype=np.int64))
    if not settings.generate:
        return found
    going_on = [job.interventions(True) for job in jobs]
    amount = GenerationSettings(tokens=settings.generate, lengths=real)
    continued = generate(model, dictionary, ids, going_on, amount).ids
    return replace(found, generated=tuple(tuple(map(int, row)) for row in continued))


def _position(position: int, last: int) -> int | Span:
    """The position, open-ended if it is the last one of a prompt that is continued."""
    return Span(position) if position == last else position


def _feature_intervention(change: Change, position: int | Span) -> FeatureIntervention:
    """The engine's word for a change of the form scale · a + shift."""
    layer, index = change.layer, change.index
    if change.scale == 0:
        return FeatureIntervention(layer, index, position, "set", change.shift)
    if change.shift == 0:
        return FeatureIntervention(layer, index, position, "scale", change.scale)
    if change.scale == 1:
        return FeatureIntervention(layer, index, position, "add", change.shift)
    raise EntryError(
        f"feature {layer}-{index}",
        "steps that together set, scale or add",
        "scaling and adding at once",
        "use one of the two",
    )
