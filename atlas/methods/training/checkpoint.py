"""Where a training run stands, as one safetensors file: readable without running any code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from atlas.errors import UnknownFormat
from atlas.files.whole import whole_file
from atlas.models.checkpoints.weight_files import save_tensors

MOMENTS = ("exp_avg", "exp_avg_sq", "step")


@dataclass(frozen=True)
class TrainingState:
    """A module, its Adam optimizer, and further tensors, after some steps."""

    step: int
    module: torch.nn.Module
    optimizer: torch.optim.Adam
    tensors: Mapping[str, Tensor]

    def as_tensors(self) -> dict[str, Tensor]:
        """All of it under flat names."""
        result = {"step": torch.tensor(self.step)} | dict(self.tensors)
        result |= {f"module.{name}": value for name, value in self.module.state_dict().items()}
        for name, parameter in self.module.named_parameters():
            for moment in MOMENTS:
                if moment in self.optimizer.state[parameter]:
                    result[f"{moment}.{name}"] = self.optimizer.state[parameter][moment]
        return {name: value.detach().clone().contiguous() for name, value in result.items()}

    @staticmethod
    def restore(
        saved: Mapping[str, Tensor], module: torch.nn.Module, optimizer: torch.optim.Adam
    ) -> int:
        """Put saved values back into a module and its optimizer; gives the number of steps done."""
        prefix = "module."
        module.load_state_dict(
            {name.removeprefix(prefix): v for name, v in saved.items() if name.startswith(prefix)}
        )
        for name, parameter in module.named_parameters():
            for moment in MOMENTS:
                if f"{moment}.{name}" in saved:
                    optimizer.state[parameter][moment] = saved[f"{moment}.{name}"].clone()
        return int(saved["step"])


def save_state(path: Path, state: TrainingState) -> None:
    """Write a checkpoint whole or not at all, so that a kill leaves the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as place:
        save_tensors(state.as_tensors(), place)


def load_state(path: Path) -> dict[str, Tensor]:
    """Read a checkpoint. Raises UnknownFormat if it is none."""
    try:
        saved: dict[str, Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise UnknownFormat(
            str(path), "a training checkpoint", str(error), "delete it to start anew"
        ) from error
    if "step" not in saved:
        raise UnknownFormat(
            str(path), "a training checkpoint", "other tensors", "delete it to start anew"
        )
    return saved
