"""The router of a mixture of experts, and what each chosen expert adds to the mixture's output.

Only this file knows how transformers names these parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.models.weights import detached

ROUTER_NAMES = ("gate", "router")


@dataclass(frozen=True)
class ChosenExperts:
    """What a mixture did at each position, one slot per chosen expert, in ascending order."""

    expert: Int[Tensor, "position slot"]
    gate: Float[Tensor, "position slot"]
    output: Float[Tensor, "position slot d_model"]  # gate times what the expert gave


@dataclass(frozen=True)
class Mixture:
    """A router whose logits are linear in the MLP's input, and the experts that it chooses from."""

    weight: Float[Tensor, "expert d_model"]
    bias: Float[Tensor, " expert"] | None
    router: Any  # a module: logits, gates and indices of the chosen experts
    experts: Any  # a module: what experts with these indices and gates give together

    @property
    def count(self) -> int:
        """The number of experts."""
        return int(self.weight.shape[0])

    def logits(self, x: Float[Tensor, "position d_model"]) -> Float[Tensor, "position expert"]:
        """The router's logits for MLP inputs, from its weights."""
        found = x @ self.weight.T
        return found if self.bias is None else found + self.bias

    def is_linear_at(self, x: Float[Tensor, "position d_model"]) -> bool:
        """Whether the router itself gives these logits: some take a norm or a gate before them."""
        expected = self.logits(x)
        with torch.no_grad():
            given = self.router(x)
        tensors = given if isinstance(given, tuple) else (given,)
        return any(
            tensor.shape == expected.shape and torch.allclose(tensor, expected, atol=1e-4)
            for tensor in tensors
            if isinstance(tensor, Tensor) and tensor.dtype == expected.dtype
        )

    def choose(self, x: Float[Tensor, "position d_model"]) -> ChosenExperts | None:
        """The experts chosen for MLP inputs; None if the router tells no gates and indices."""
        with torch.no_grad():
            match self.router(x):
                case (Tensor(), Tensor() as gate, Tensor() as expert) if gate.shape == expert.shape:
                    order = expert.argsort(dim=1)
                    expert, gate = expert.gather(1, order), gate.gather(1, order)
                    slots = [slice(slot, slot + 1) for slot in range(gate.shape[1])]
                    parts = [self.experts(x, expert[:, slot], gate[:, slot]) for slot in slots]
                    return ChosenExperts(expert, gate, torch.stack(parts, dim=1))
        return None


def mixture_of(mlp: Any, d_model: int) -> Mixture | None:
    """The mixture in a TransformerLens MLP; None where the layer has one MLP for all tokens."""
    original = getattr(mlp, "original_component", None)
    if original is None or not hasattr(original, "experts"):
        return None
    for name in ROUTER_NAMES:
        router = getattr(original, name, None)
        weight = getattr(router, "weight", None)
        if weight is not None and weight.ndim == 2 and weight.shape[1] == d_model:
            return Mixture(
                weight.detach(), detached(getattr(router, "bias", None)), router, original.experts
            )
    return None
