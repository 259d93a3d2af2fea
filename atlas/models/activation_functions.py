"""How a dictionary turns pre-activations into activations: ReLU, JumpReLU, TopK."""

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
        """The published name: relu, jumprelu or topk."""


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
