"""Activations of a model as an endless shuffled stream, for training dictionaries on.

The model runs on one batch of sequences at a time into a buffer; batches are drawn from the buffer
at random, because neighbouring tokens are alike and would make each training step one-sided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.errors import BadInput
from atlas.models.language_model import LanguageModel, Place


@dataclass(frozen=True)
class StreamSettings:
    """How activations are buffered and drawn."""

    batch_tokens: int = 2048  # tokens per training batch
    buffer_tokens: int = 65_536  # 3 KB per token and MLP of width 128: 400 MB for six layers
    passes: int = 2  # how often a token is drawn: the model's forward costs as much as a step
    pad_id: int | None = None  # tokens with this id are left out
    seed: int = 0


@dataclass(frozen=True)
class ActivationStream:
    """Batches of activations at some places of a model, over given sequences. Final.

    Position 0 is left out: its token starts every sequence, so nothing there varies, and graphs
    treat what the model writes there as constants.
    """

    model: LanguageModel
    token_batches: Iterable[Int[np.ndarray, "sequence position"]]
    places: tuple[Place, ...]
    settings: StreamSettings

    def __iter__(self) -> Iterator[Float[Tensor, "place token d_model"]]:
        """Yield batches until the sequences end."""
        generator = torch.Generator().manual_seed(self.settings.seed)
        waiting: list[Tensor] = []
        held = 0
        for ids in self.token_batches:
            found = self.read(ids)
            waiting.append(found)
            held += found.shape[1]
            if held >= self.settings.buffer_tokens:
                yield from self._drawn(torch.cat(waiting, 1), generator)
                waiting, held = [], 0
        if held:
            yield from self._drawn(torch.cat(waiting, 1), generator)

    def read(
        self, ids: Int[np.ndarray, "sequence position"]
    ) -> Float[Tensor, "place token d_model"]:
        """The activations at all tokens of some sequences that count."""
        if ids.ndim != 2 or ids.shape[1] < 2:
            raise BadInput("token batch", "sequences of at least two tokens", f"{ids.shape}")
        tokens = torch.from_numpy(np.asarray(ids, dtype=np.int64))
        counted = counted_tokens(tokens, self.settings.pad_id)
        values = self.model.run(tokens, self.places).values
        return torch.stack([values[place][counted] for place in self.places])

    def _drawn(self, buffer: Tensor, generator: torch.Generator) -> Iterator[Tensor]:
        size = self.settings.batch_tokens
        for _ in range(self.settings.passes):
            order = torch.randperm(buffer.shape[1], generator=generator)
            for start in range(0, max(len(order) - size + 1, 1), size):
                yield buffer[:, order[start : start + size]]


def counted_tokens(tokens: Tensor, pad_id: int | None) -> Tensor:
    """True at tokens that dictionaries are for: neither position 0 nor padding."""
    counted = torch.ones_like(tokens, dtype=torch.bool)
    counted[:, 0] = False
    if pad_id is not None:
        counted &= tokens != pad_id
    return counted
