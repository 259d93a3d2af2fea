"""Many different interventions on one prompt, several in each forward pass."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.errors import BadInput
from atlas.methods.intervene import InterventionSettings, PromptBatch
from atlas.methods.intervention.interventions import AnyIntervention

LOGITS_PER_PASS = 30_000_000
"""Rows × positions × vocabulary of a pass; 120 MB in float32."""


def last_logits(
    prompt: PromptBatch,
    options: Sequence[Sequence[AnyIntervention]],
    settings: InterventionSettings = InterventionSettings(),  # noqa: B008  frozen
    rows_per_pass: int | None = None,
) -> Float[Tensor, "option d_vocab"]:
    """The logits at the prompt's end under each of the options.

    What frozen modes hold is computed once. Without `rows_per_pass`, as many options go together
    as `LOGITS_PER_PASS` has room for. The number does not matter beyond rounding.

    Raises:
        BadInput: several prompts, or no row per pass; else as `intervene`.
    """
    if len(prompt.ids) != 1:
        raise BadInput("prompts", "one", str(len(prompt.ids)))
    end = prompt.lengths[0] - 1
    room = LOGITS_PER_PASS // (prompt.ids.shape[1] * prompt.model.d_vocab)
    rows = max(1, room) if rows_per_pass is None else rows_per_pass
    if rows < 1:
        raise BadInput("rows per pass", "at least 1", str(rows))
    found = [prompt.model.logits(prompt.ids)[:0, -1]]
    for start in range(0, len(options), rows):
        chunk = options[start : start + rows]
        found.append(prompt.repeated(len(chunk)).run(chunk, settings).logits[:, end])
    return torch.cat(found)
