"""Greedy continuations while features are changed.

Every step runs the whole prefix again in iterative mode, so that what is generated is what the
changed model says and nothing is approximated. Spans without an end go on through the generated
tokens; changes at fixed positions keep acting there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Int, Int64

from atlas.errors import BadInput
from atlas.methods.intervene import PromptBatch
from atlas.methods.interventions import AnyIntervention, Span
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel


@dataclass(frozen=True)
class GenerationSettings:
    """How much is generated."""

    tokens: int = 8  # per row; greedy, with no early stop
    lengths: tuple[int, ...] | None = None  # real tokens per row; None: no row is padded


@dataclass(frozen=True, eq=False)
class Continuations:
    """What was generated, row by row."""

    ids: Int64[np.ndarray, "row token"]
    texts: tuple[str, ...]


def generate(
    model: LanguageModel,
    dictionary: Dictionary,
    ids: Int[torch.Tensor, "row position"] | Int[np.ndarray, "row position"],
    interventions: Sequence[Sequence[AnyIntervention]],
    settings: GenerationSettings = GenerationSettings(),  # noqa: B008  frozen, safe to share
) -> Continuations:
    """The most probable token, again and again, for every row under its interventions.

    Raises:
        BadInput: as `intervene`; also if prompt and continuation exceed the context.
    """
    batch = PromptBatch(model, dictionary, ids, settings.lengths)
    rows, positions = batch.ids.shape
    if settings.tokens < 1:
        raise BadInput("tokens to generate", "at least 1", str(settings.tokens))
    if max(batch.lengths) + settings.tokens - 1 > model.context:
        raise BadInput(
            "tokens to generate",
            f"a prompt and continuation of at most {model.context} tokens",
            f"{max(batch.lengths)} and {settings.tokens}",
        )
    if len(interventions) != rows:
        raise BadInput("interventions", f"{rows}, one sequence per row", f"{len(interventions)}")
    fixed = [
        [_fixed(intervention, length) for intervention in listed]
        for listed, length in zip(interventions, batch.lengths, strict=True)
    ]
    start = torch.tensor(batch.lengths)
    grown = torch.cat([batch.ids.cpu(), torch.zeros(rows, settings.tokens).to(batch.ids)], dim=1)
    each = torch.arange(rows)
    for step in range(settings.tokens):
        lengths = start + step
        prefix = grown[:, : int(lengths.max())]
        now = PromptBatch(model, dictionary, prefix, lengths.tolist())
        logits = now.run(fixed).logits.cpu()
        grown[each, lengths] = logits[each, lengths - 1].argmax(dim=-1).to(grown)
    generated = grown[each[:, None], start[:, None] + torch.arange(settings.tokens)].numpy()
    texts = tuple(model.tokenizer.decode(row.tolist()) for row in generated)
    return Continuations(generated.astype(np.int64), texts)


def _fixed(intervention: AnyIntervention, length: int) -> AnyIntervention:
    """The same intervention with a position that does not move when the prompt grows."""
    position = intervention.position
    if isinstance(position, Span) or position >= 0:
        return intervention
    return replace(intervention, position=position + length)
