"""How a dictionary turns pre-activations into activations: ReLU, JumpReLU, TopK and their kin.

Each works on one pre-activation per feature, which is what attribution explains. What decides
whether a feature is active may be more than that number; then its margin is known here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


class ActivationFunction(ABC):
    """Turns pre-activations into activations; a feature is active where the result is not 0."""

    @abstractmethod
    def apply(self, pre: Float[Tensor, "*row feature"]) -> Float[Tensor, "*row feature"]:
        """The activations."""

    @abstractmethod
    def of_features(self, features: Sequence[int]) -> ActivationFunction | None:
        """The same for some features alone; None where a value depends on other features too."""

    @abstractmethod
    def name(self) -> str:
        """The published name: relu, jumprelu, topk, batchtopk or gated."""

    def margin(self, pre: Float[Tensor, "*row feature"]) -> Float[Tensor, "*row feature"] | None:
        """How far each feature is from switching, above 0 where it is active.

        None where a fixed threshold of the feature's own tells: the pre-activation says it all.
        """
        return None

    def threshold_of(self, features: int) -> Float[Tensor, " feature"] | None:
        """The thresholds of the JumpReLU that it equals; None if it equals none."""
        return None


@dataclass(frozen=True)
class ReLU(ActivationFunction):
    """max(pre, 0)."""

    def apply(self, pre: Float[Tensor, "*row feature"]) -> Float[Tensor, "*row feature"]:
        """The positive part."""
        return torch.relu(pre)

    def of_features(self, features: Sequence[int]) -> ReLU:
        """Itself: each feature stands alone."""
        return self

    def name(self) -> str:
        """Its published name."""
        return "relu"


@dataclass(frozen=True)
class JumpReLU(ActivationFunction):
    """pre where it exceeds its feature's threshold, else 0 (Rajamanoharan et al. 2024)."""

    threshold: Float[Tensor, " feature"]

    def apply(self, pre: Float[Tensor, "*row feature"]) -> Float[Tensor, "*row feature"]:
        """Values strictly above the threshold, as they are."""
        return pre * (pre > self.threshold)

    def of_features(self, features: Sequence[int]) -> JumpReLU:
        """Their thresholds."""
        return JumpReLU(self.threshold[list(features)])

    def name(self) -> str:
        """Its published name."""
        return "jumprelu"

    def threshold_of(self, features: int) -> Float[Tensor, " feature"]:
        """Its own."""
        return self.threshold


@dataclass(frozen=True)
class TopK(ActivationFunction):
    """The k largest pre-activations of a position, else 0 (Gao et al. 2024).

    SAELens clips the kept values at 0 (`rectified`); circuit-tracer's files keep negative ones.
    """

    k: int
    rectified: bool = False

    def apply(self, pre: Float[Tensor, "*row feature"]) -> Float[Tensor, "*row feature"]:
        """The k largest values as they are, zeros elsewhere."""
        values, indices = pre.topk(min(self.k, pre.shape[-1]), dim=-1)
        if self.rectified:
            values = torch.relu(values)
        return torch.zeros_like(pre).scatter(-1, indices, values)

    def of_features(self, features: Sequence[int]) -> None:
        """None: a feature is active where it is among the largest of all."""

    def name(self) -> str:
        """Its published name."""
        return "topk"

    def margin(self, pre: Float[Tensor, "*row feature"]) -> Float[Tensor, "*row feature"]:
        """pre minus the k-th largest of the other features, which it must exceed to be kept.

        So a kept feature is compared with the first that is not kept, another with the last that
        is. Where all features are kept, nothing can take a place: the largest number of float32.
        """
        count = pre.shape[-1]
        if self.k >= count:
            margin = torch.full_like(pre, torch.finfo(torch.float32).max)
        else:
            largest = pre.topk(self.k + 1, dim=-1).values
            last, first_lost = largest[..., self.k - 1, None], largest[..., self.k, None]
            margin = pre - torch.where(pre >= last, first_lost, last)
        return torch.minimum(margin, pre) if self.rectified else margin


@dataclass(frozen=True)
class BatchTopK(ActivationFunction):
    """max(pre, 0) where it exceeds one threshold for all features (Bussmann et al. 2024).

    In training the k · n largest values of a batch of n positions are kept. Published files hold
    the mean over training of the smallest value kept, and features are compared with that number,
    strictly, at inference: a position's activations do not depend on what else is in the batch.
    """

    threshold: float

    def apply(self, pre: Float[Tensor, "*row feature"]) -> Float[Tensor, "*row feature"]:
        """Positive values strictly above the threshold, as they are."""
        return pre * (pre > max(self.threshold, 0.0))

    def of_features(self, features: Sequence[int]) -> BatchTopK:
        """Itself: the threshold is the same for all."""
        return self

    def name(self) -> str:
        """Its published name."""
        return "batchtopk"

    def threshold_of(self, features: int) -> Float[Tensor, " feature"]:
        """The threshold, which is not below 0, for every feature."""
        return torch.full((features,), max(self.threshold, 0.0))


@dataclass(frozen=True)
class Gated(ActivationFunction):
    """max(pre, 0) where a gate is open (Rajamanoharan et al. 2024, "Improving … Gated SAEs").

    A feature has two encoder rows: one for its magnitude, whose pre-activation is `pre`, and one
    for its gate, which is open where its own pre-activation is above 0. As published, the two rows
    point the same way, so the gate's pre-activation is ratio · pre + offset.
    """

    ratio: Float[Tensor, " feature"]  # gate row over magnitude row, exp(-r_mag): above 0
    offset: Float[Tensor, " feature"]  # the gate's pre-activation where the magnitude's is 0

    def apply(self, pre: Float[Tensor, "*row feature"]) -> Float[Tensor, "*row feature"]:
        """Positive magnitudes behind an open gate."""
        return torch.relu(pre) * (self.margin(pre) > 0)

    def of_features(self, features: Sequence[int]) -> Gated:
        """Their gates."""
        chosen = list(features)
        return Gated(self.ratio[chosen], self.offset[chosen])

    def name(self) -> str:
        """Its published name."""
        return "gated"

    def margin(self, pre: Float[Tensor, "*row feature"]) -> Float[Tensor, "*row feature"]:
        """The gate's pre-activation."""
        return self.ratio * pre + self.offset

    def threshold_of(self, features: int) -> Float[Tensor, " feature"]:
        """The magnitude's pre-activation at which the gate opens, not below 0."""
        return torch.relu(-self.offset / self.ratio)
