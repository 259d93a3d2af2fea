"""The experts of a mixture, of which only those at work are brought to arithmetic, one at a time.

transformers keeps the matrices of all experts of a layer in one tensor, expert by expert. Only this
file and `experts` know how it names the parts.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from atlas.models.held_weights import Arithmetic

DOWN = "down_proj"
UP = ("gate_up_proj", "up_proj")  # with a gate beside it, and without


def is_experts(module: nn.Module) -> bool:
    """Whether a module is experts of a kind that can be held."""
    names = [name for name, each in module.named_parameters(recurse=False) if each.ndim == 3]
    gates = hasattr(module, "_apply_gate") or hasattr(module, "act_fn")
    return gates and DOWN in names and any(name in names for name in UP) and len(names) == 2


class HeldExperts(nn.Module):
    """Experts that compute what transformers' own do, with one expert's matrices at a time. Final.

    Rows are put in order by expert and multiplied group by group, and what the experts of a token
    give is summed last, as transformers does it, so that files in full precision give its bits.
    """

    def __init__(
        self, experts: nn.Module, arithmetic: Arithmetic, where: torch.device | None
    ) -> None:
        super().__init__()
        self.arithmetic = arithmetic
        self.held: dict[str, Tensor] = {}
        for name, parameter in list(experts.named_parameters(recurse=False)):
            held = parameter.detach()
            self.held[name] = held if where is None else held.to(where)
            delattr(experts, name)
        self.layer: Any = experts  # without its matrices; its settings and functions are used
        self.up = UP[0] if UP[0] in self.held else UP[1]

    def forward(
        self,
        x: Float[Tensor, "token d_model"],
        expert: Int[Tensor, "token slot"],
        gate: Float[Tensor, "token slot"],
    ) -> Float[Tensor, "token d_model"]:
        """What the chosen experts give together, each weighted with its gate."""
        slots = expert.shape[1]
        chosen, order = torch.sort(expert.reshape(-1))
        rows = x[order // slots]
        given = [self._one(int(number), rows[chosen == number]) for number in torch.unique(chosen)]
        weighted = torch.cat(given) * gate.reshape(-1)[order, None]
        back = torch.empty_like(order)
        back[order] = torch.arange(len(order), device=order.device)
        return weighted[back].view(len(x), slots, -1).sum(dim=1).to(x.dtype)

    def _one(self, number: int, x: Float[Tensor, "row d_model"]) -> Float[Tensor, "row d_model"]:
        """What one expert gives."""
        hidden = self._linear(number, self.up, x)
        gated = self.up == UP[0] and hasattr(self.layer, "_apply_gate")
        hidden = self.layer._apply_gate(hidden) if gated else self.layer.act_fn(hidden)
        return self._linear(number, DOWN, hidden)

    def _linear(
        self, number: int, name: str, x: Float[Tensor, "row inputs"]
    ) -> Float[Tensor, "row outputs"]:
        matrix = self.arithmetic.bring(self.held[name][number])
        if not getattr(self.layer, "is_transposed", False):  # then rows give outputs
            matrix = matrix.T
        found = torch.mm(x, matrix)
        bias = self.held.get(f"{name}_bias")
        return found if bias is None else found + self.arithmetic.bring(bias[number])
