"""Continuations while features, heads, neurons or directions are changed.

The model is the real one: iterative mode, nothing approximated. Spans without an end go on through
the generated tokens; changes at fixed positions act where they are, and what they did there is
what later tokens see.

Keys and values of the tokens so far are kept, so that each step runs one token. Rows of one length
go together. Where a model's cache is not exact, which is tried once per model, every step runs the
whole prefix again, and a warning says so.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Int, Int64

from atlas.errors import BadInput
from atlas.methods.intervene import PromptBatch, iterative_edits
from atlas.methods.intervention.interventions import AnyIntervention, Span
from atlas.methods.next_token import Sampling, TokenChooser
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import KeyValueCache, LanguageModel
from atlas.models.tried_once import cache_is_exact

LOG = logging.getLogger(__name__)
Engine = tuple[LanguageModel, Dictionary | None]


@dataclass(frozen=True)
class GenerationSettings:
    """How much is generated, and how tokens are chosen."""

    tokens: int = 8  # per row, with no early stop
    lengths: tuple[int, ...] | None = None  # real tokens per row; None: no row is padded
    sampling: Sampling | None = None  # None: the most probable token
    cache: bool = True  # False: every step runs the whole prefix, many times slower


@dataclass(frozen=True, eq=False)
class Continuations:
    """What was generated, row by row."""

    ids: Int64[np.ndarray, "row token"]
    texts: tuple[str, ...]


def generate(
    model: LanguageModel,
    dictionary: Dictionary | None,
    ids: Int[torch.Tensor, "row position"] | Int[np.ndarray, "row position"],
    interventions: Sequence[Sequence[AnyIntervention]],
    settings: GenerationSettings = GenerationSettings(),  # noqa: B008  frozen, safe to share
) -> Continuations:
    """One token after another for every row under its interventions.

    Raises:
        BadInput: as `intervene`; also if prompt and continuation exceed the context, or there is
            not one seed per row.
    """
    batch = PromptBatch(model, dictionary, ids, settings.lengths)
    _check(batch, interventions, settings)
    rows = len(batch.ids)
    fixed = [
        [_fixed(intervention, length) for intervention in listed]
        for listed, length in zip(interventions, batch.lengths, strict=True)
    ]
    start = torch.tensor(batch.lengths)
    grown = torch.cat([batch.ids.cpu(), torch.zeros(rows, settings.tokens).to(batch.ids)], dim=1)
    chooser = TokenChooser(settings.sampling, rows)
    cached = settings.cache and settings.tokens > 1
    if cached and not cache_is_exact(model):
        LOG.warning(
            "%s (%s): its cache of keys and values is not exact; every step runs the whole prefix",
            model.name, model.architecture,
        )  # fmt: skip
        cached = False
    if cached:
        for length in sorted(set(batch.lengths)):
            same = [row for row in range(rows) if batch.lengths[row] == length]
            _grow_cached(batch, fixed, grown, (same, chooser))
    else:
        _grow_anew(batch, fixed, grown, chooser)
    generated = grown[torch.arange(rows)[:, None], start[:, None] + torch.arange(settings.tokens)]
    texts = tuple(model.tokenizer.decode(row.tolist()) for row in generated)
    return Continuations(generated.numpy().astype(np.int64), texts)


def _grow_cached(
    batch: PromptBatch,
    interventions: Sequence[Sequence[AnyIntervention]],
    grown: Int[torch.Tensor, "row all"],
    which: tuple[list[int], TokenChooser],
) -> None:
    """Fill in the tokens of rows of one length, running each token once."""
    rows, chooser = which
    length = batch.lengths[rows[0]]
    steps = grown.shape[1] - batch.ids.shape[1]
    engine = (batch.model, batch.dictionary)
    listed, cache = [interventions[row] for row in rows], KeyValueCache()
    for end in range(length, length + steps):
        first = cache.length
        edits = iterative_edits(engine, listed, [end] * len(rows), first)
        logits = batch.model.run(grown[rows, first:end], edits=edits, cache=cache).logits
        grown[rows, end] = chooser.choose(logits[:, -1], rows).to(grown)


def _grow_anew(
    batch: PromptBatch,
    interventions: Sequence[Sequence[AnyIntervention]],
    grown: Int[torch.Tensor, "row all"],
    chooser: TokenChooser,
) -> None:
    """Fill in the tokens of all rows, running the whole prefix at every step."""
    start, each = torch.tensor(batch.lengths), torch.arange(len(grown))
    for step in range(grown.shape[1] - batch.ids.shape[1]):
        lengths = start + step
        prefix = grown[:, : int(lengths.max())]
        now = PromptBatch(batch.model, batch.dictionary, prefix, lengths.tolist())
        logits = now.run(interventions).logits.cpu()
        chosen = chooser.choose(logits[each, lengths - 1], range(len(grown)))
        grown[each, lengths] = chosen.to(grown)


def _check(
    batch: PromptBatch,
    interventions: Sequence[Sequence[AnyIntervention]],
    settings: GenerationSettings,
) -> None:
    longest, context = max(batch.lengths), batch.model.context
    if settings.tokens < 1:
        raise BadInput("tokens to generate", "at least 1", str(settings.tokens))
    if longest + settings.tokens - 1 > context:
        raise BadInput(
            "tokens to generate",
            f"a prompt and continuation of at most {context} tokens",
            f"{longest} and {settings.tokens}",
        )
    if len(interventions) != len(batch.ids):
        found = f"{len(interventions)}"
        raise BadInput("interventions", f"{len(batch.ids)}, one sequence per row", found)


def _fixed(intervention: AnyIntervention, length: int) -> AnyIntervention:
    """The same intervention with a position that does not move when the prompt grows."""
    position = intervention.position
    if isinstance(position, Span) or position >= 0:
        return intervention
    return replace(intervention, position=position + length)
