"""The active features of a batch as a list of entries: about one in a hundred is active."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True)
class ActiveEntries:
    """The features of one layer that are active on a batch, sorted by token and feature."""

    token: Int[Tensor, " entry"]
    feature: Int[Tensor, " entry"]
    value: Float[Tensor, " entry"]

    @classmethod
    def where(
        cls, mask: Bool[Tensor, "token feature"], values: Float[Tensor, "token feature"]
    ) -> ActiveEntries:
        """The values where the mask is true."""
        features = mask.shape[1]
        place = mask.flatten().nonzero()[:, 0]
        token = place // features
        return cls(token, place - token * features, values.flatten()[place])

    def written(
        self, decoder: Float[Tensor, "feature d_model"], tokens: int
    ) -> Float[Tensor, "token d_model"]:
        """For each token, Σ a W_dec over its active features."""
        return _sum_by(self.token, tokens, decoder, (self.feature, self.value))

    def by_feature(self) -> ActiveEntries:
        """The same entries sorted by feature and token."""
        order = self.feature.argsort(stable=True)
        return ActiveEntries(self.token[order], self.feature[order], self.value[order])

    def gathered(
        self, vectors: Float[Tensor, "token d_model"], features: int
    ) -> Float[Tensor, "feature d_model"]:
        """For each feature, Σ value · vector over its tokens; entries are sorted by feature."""
        return _sum_by(self.feature, features, vectors, (self.token, self.value))


def _sum_by(
    group: Int[Tensor, " entry"],
    groups: int,
    vectors: Float[Tensor, "vector d_model"],
    entries: tuple[Int[Tensor, " entry"], Float[Tensor, " entry"]],
) -> Float[Tensor, "group d_model"]:
    """For each group, the sum of its entries' values times their vectors; groups are sorted.

    A product of a sparse matrix with a dense one, in the form that torch does fastest on a CPU.
    """
    which, weight = entries
    starts = torch.searchsorted(group, torch.arange(groups))
    return torch.nn.functional.embedding_bag(
        which, vectors, starts, mode="sum", per_sample_weights=weight
    )
