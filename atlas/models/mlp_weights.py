"""The neurons of an MLP: what they read, what they write, and the function in between.

    plain MLP:  h = f(W_in x + b_in)                              y = W_out h + b_out
    gated MLP:  h = f(W_gate x + b_gate) · (W_in x + b_in)        y = W_out h + b_out

Only this file knows how TransformerLens and transformers name these parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.errors import ModelError
from atlas.models.weights import detached

FUNCTION_NAMES = ("act_fn", "act", "activation_fn")
OFF_BY = 1e-4
"""Share of an MLP's output by which its neurons' sum may be off: rounding is far less."""


@dataclass(frozen=True)
class MlpWeights:
    """One row per neuron; biases are zeros where the MLP has none."""

    read: Float[Tensor, "neuron d_model"]
    read_bias: Float[Tensor, " neuron"]
    gate: Float[Tensor, "neuron d_model"] | None  # None: a plain MLP
    gate_bias: Float[Tensor, " neuron"]
    write: Float[Tensor, "neuron d_model"]
    write_bias: Float[Tensor, " d_model"]
    function: Callable[[Tensor], Tensor]

    def neurons(self, x: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row neuron"]:
        """h: what each neuron is multiplied with when it writes."""
        read = x @ self.read.T + self.read_bias
        if self.gate is None:
            return self.function(read)
        return self.function(x @ self.gate.T + self.gate_bias) * read


def read_mlp(mlp: Any, where: str) -> MlpWeights:
    """The weights of a TransformerLens MLP, checked on random vectors against the MLP itself.

    Raises:
        ModelError: a mixture of experts, or an MLP that is neither of the two kinds.
    """
    expected = "an MLP of neurons, plain or gated"
    action = "its neurons cannot be told apart"
    original = getattr(mlp, "original_component", None)
    if hasattr(original, "experts"):
        raise ModelError(where, expected, "a mixture of experts", action)
    read, write = getattr(mlp, "W_in", None), getattr(mlp, "W_out", None)
    named = (getattr(original, name, None) for name in FUNCTION_NAMES)
    function = next((each for each in named if callable(each)), None)
    if read is None or write is None or function is None:
        raise ModelError(where, expected, type(original).__name__, action)
    gate = getattr(mlp, "W_gate", None)
    weights = MlpWeights(
        read=read.detach().T,
        read_bias=_bias(mlp, "b_in", read.shape[1], read),
        gate=None if gate is None else gate.detach().T,
        gate_bias=_bias(mlp, "b_gate", read.shape[1], read),
        write=write.detach(),
        write_bias=_bias(mlp, "b_out", write.shape[1], read),
        function=function,
    )
    off = _off_by(mlp, weights)
    if not off <= OFF_BY:
        raise ModelError(
            where, expected, f"an MLP from whose output they are {off:.1%} off", action
        )
    return weights


def _bias(mlp: Any, name: str, size: int, like: Tensor) -> Tensor:
    bias = detached(getattr(mlp, name, None))
    return like.new_zeros(size).detach() if bias is None else bias


def _off_by(mlp: Any, weights: MlpWeights) -> float:
    """How far the neurons' sum is from the MLP's output, as a share of it."""
    generator = torch.Generator().manual_seed(0)
    probe = torch.randn(1, 4, weights.write.shape[1], generator=generator).to(weights.write)
    with torch.no_grad():
        given = mlp(probe)
        found = weights.neurons(probe) @ weights.write + weights.write_bias
    given = given[0] if isinstance(given, tuple) else given
    return float((found - given).norm() / given.norm().clamp(min=1e-30))
