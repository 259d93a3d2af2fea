"""The model's answer at the end of a prompt, and the metrics that are read off it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from atlas.errors import EntryError

UNITS = {
    "probability": "probability",
    "logit_difference": "logits",
    "top1": "share of rows",
    "generated": "share of rows",
}
"""The metrics that a claim may use, and the unit of each."""

TARGET, FOIL, PARTNER = 0, 1, 2
"""Columns of the candidate tokens of a row."""
COLUMN_OF = {"target": TARGET, "foil": FOIL, "partner_target": PARTNER}
"""Which candidate a claim's `of` names."""


@dataclass(frozen=True)
class Answers:
    """What the metrics need of each row's last position; NaN where a row lacks a candidate."""

    logits: Float64[np.ndarray, "row candidate"]  # of target, foil, partner's target
    probabilities: Float64[np.ndarray, "row candidate"]
    top: Int64[np.ndarray, " row"]  # the most likely token
    candidates: Int64[np.ndarray, "row candidate"]  # token ids, -1 where there is none
    generated: tuple[tuple[int, ...], ...] = ()  # greedy continuation per row, where asked for

    def take(self, rows: Int64[np.ndarray, " chosen"]) -> Answers:
        """The same for some of the rows."""
        generated = tuple(self.generated[row] for row in rows) if self.generated else ()
        return Answers(
            self.logits[rows],
            self.probabilities[rows],
            self.top[rows],
            self.candidates[rows],
            generated,
        )


def answers(
    last_logits: Float[Tensor, "row d_vocab"], candidates: Int64[np.ndarray, "row candidate"]
) -> Answers:
    """The answers in the logits of each row's last position."""
    logits = last_logits.double()
    probabilities = torch.softmax(logits, dim=-1)
    chosen = torch.from_numpy(np.maximum(candidates, 0)).to(logits.device)
    missing = candidates < 0

    def of_candidates(values: Tensor) -> np.ndarray:
        gathered = values.gather(1, chosen).cpu().numpy()
        return np.where(missing, np.nan, gathered)

    return Answers(
        of_candidates(logits),
        of_candidates(probabilities),
        logits.argmax(dim=-1).cpu().numpy(),
        candidates,
    )


def joined(parts: Sequence[Answers]) -> Answers:
    """Several batches of answers as one."""
    return Answers(
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.top for part in parts]),
        np.concatenate([part.candidates for part in parts]),
        tuple(row for part in parts for row in part.generated),
    )


def metric_values(metric: str, of: str, found: Answers) -> Float64[np.ndarray, " row"]:
    """A metric per row.

    probability: of the named token. logit_difference: its logit minus that of the foil; for `of:
    foil` and `of: partner_target`, minus that of the target. top1: 1 where it is the most likely
    token. generated: 1 where it occurs in the greedy continuation.

    Raises:
        EntryError: an unknown metric, or `generated` where nothing was generated.
    """
    column = COLUMN_OF[of]
    named = found.candidates[:, column]
    if metric == "probability":
        return found.probabilities[:, column]
    if metric == "logit_difference":
        against = FOIL if column == TARGET else TARGET
        return np.asarray(found.logits[:, column] - found.logits[:, against])
    if metric == "top1":
        return _share(found.top == named, named)
    if metric == "generated":
        if not found.generated:
            raise EntryError(
                "claim with the metric generated",
                "an intervention with generate above 0",
                "nothing was generated",
                "set generate on the intervention",
            )
        pairs = zip(named, found.generated, strict=True)
        return _share(np.array([token in row for token, row in pairs]), named)
    raise EntryError("claim", f"a metric among {', '.join(UNITS)}", metric, "use one of these")


def _share(hit: np.ndarray, named: Int64[np.ndarray, " row"]) -> Float64[np.ndarray, " row"]:
    """1 where hit, 0 where not, NaN where the row has no such token."""
    return np.where(named < 0, np.nan, hit.astype(np.float64))
