"""Where rows join the sweep: directions in the residual stream, with their depth and position."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from atlas.models.language_model import LanguageModel


@dataclass(frozen=True)
class Targets:
    """Rows to compute: any directions in the residual stream, and where each joins the sweep.

    Depths are counted in half layers, as `before_attention`, `before_mlp` and `after_all` give
    them, so that a target may be whatever reads the stream: a feature, a logit, a query, a key.
    """

    depth: Int[Tensor, " row"]
    position: Int[Tensor, " row"]
    gradient: Float[Tensor, "row d_model"]

    def take(self, rows: Int[Tensor, " some_row"]) -> Targets:
        """These rows, in this order."""
        return Targets(self.depth[rows], self.position[rows], self.gradient[rows])

    def __len__(self) -> int:
        """The number of rows."""
        return int(self.depth.shape[0])


def before_attention(layer: Int[Tensor, " row"]) -> Int[Tensor, " row"]:
    """The depth of what the layers' attention reads."""
    return 2 * layer


def before_mlp(layer: Int[Tensor, " row"], model: LanguageModel) -> Int[Tensor, " row"]:
    """The depth of what the layers' MLPs read; that of the attention in parallel blocks."""
    return 2 * layer + (0 if model.parallel_blocks else 1)


def after_all(model: LanguageModel) -> int:
    """The depth of what the final norm reads."""
    return 2 * model.layers
