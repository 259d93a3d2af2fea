"""Which token comes next: the most probable one, or one that is drawn.

Each row draws from random numbers of its own, given by its seed, and a number picks a token through
the cumulative distribution. So a row's continuation depends neither on the rows beside it nor on
how the logits were computed, and two rows with one seed differ by what was changed in them alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from atlas.errors import BadInput


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn."""

    seeds: tuple[int, ...]  # one per row
    temperature: float = 1.0  # logits are divided by it; below 1 the likely become likelier
    # Share of probability kept: tokens beyond the fewest that hold it are never drawn (nucleus
    # sampling, Holtzman et al. 2020).
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not (self.temperature > 0 and math.isfinite(self.temperature)):
            raise BadInput("temperature", "above 0, and finite", str(self.temperature))
        if not 0 < self.top_p <= 1:
            raise BadInput("top-p", "above 0 and at most 1", str(self.top_p))
        if any(seed < 0 for seed in self.seeds):
            raise BadInput("seed", "0 or more", str(min(self.seeds)))


class TokenChooser:
    """Chooses the next token of every row, step by step. Final."""

    def __init__(self, sampling: Sampling | None, rows: int) -> None:
        if sampling is not None and len(sampling.seeds) != rows:
            raise BadInput("seeds", f"{rows}, one per row", str(len(sampling.seeds)))
        self._sampling = sampling
        seeds = sampling.seeds if sampling else ()
        self._generators = [np.random.default_rng(seed) for seed in seeds]

    def choose(
        self, logits: Float[Tensor, "row d_vocab"], rows: Sequence[int]
    ) -> Int[Tensor, " row"]:
        """The next token of these rows, of which the logits are."""
        if self._sampling is None:
            return logits.argmax(dim=-1).cpu()
        numbers = np.array([self._generators[row].random() for row in rows])
        return drawn_tokens(logits, self._sampling, numbers)


def drawn_tokens(
    logits: Float[Tensor, "row d_vocab"], sampling: Sampling, numbers: Float64[np.ndarray, " row"]
) -> Int[Tensor, " row"]:
    """The token of each row that a number from 0 to 1 picks, the likely ones first."""
    probabilities = (logits.double().cpu() / sampling.temperature).softmax(dim=-1)
    sorted_, order = probabilities.sort(dim=-1, descending=True, stable=True)
    before = sorted_.cumsum(dim=-1) - sorted_
    kept = torch.where(before < sampling.top_p, sorted_, 0.0)
    reached = kept.cumsum(dim=-1)
    wanted = torch.from_numpy(numbers)[:, None] * reached[:, -1:]
    place = torch.searchsorted(reached, wanted, right=True)
    last = (kept > 0).sum(dim=-1, keepdim=True) - 1
    return order.gather(1, torch.minimum(place, last))[:, 0]
