"""What may look on while gradients are swept down, for those who ask which way they went."""

from __future__ import annotations

from abc import ABC, abstractmethod

from jaxtyping import Float, Int
from torch import Tensor


class Watcher(ABC):
    """Is told of every layer, from the last to the first; `rows` are those that have started."""

    @abstractmethod
    def skip(
        self,
        layer: int,
        rows: Int[Tensor, " row"],
        passed: Float[Tensor, "some_position d_model row"],
    ) -> None:
        """`passed` is what the layer's skip connection adds to the gradients below it."""

    @abstractmethod
    def attention(
        self,
        layer: int,
        rows: Int[Tensor, " row"],
        gradient: Float[Tensor, "some_position d_model row"],
    ) -> None:
        """`gradient` stands above the layer's attention, which it has not yet passed."""
