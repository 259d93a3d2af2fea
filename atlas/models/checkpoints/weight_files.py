"""Reading and writing safetensors files with checked names, shapes and finite values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from atlas.errors import ModelError, ModelUnavailable, UnknownFormat


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        ModelUnavailable: no such file.
        UnknownFormat: the file is not safetensors, or is cut short.
    """
    if not path.is_file():
        raise ModelUnavailable(str(path), "a safetensors file", "no such file")
    try:
        return dict(load_file(path))
    except (SafetensorError, ValueError) as error:
        raise UnknownFormat(str(path), "a whole safetensors file", str(error)) from error


def take(weights: Mapping[str, Tensor], name: str, shape: tuple[int, ...], where: Path) -> Tensor:
    """One tensor of the expected shape, in float32 unless it is float64.

    Raises:
        ModelError: it is missing, has another shape, or holds NaN or infinity.
    """
    if name not in weights:
        raise ModelError(str(where), f"a tensor {name}", f"only {sorted(weights)}")
    tensor = weights[name]
    if tuple(tensor.shape) != shape:
        raise ModelError(f"{where}: {name}", f"shape {shape}", f"{tuple(tensor.shape)}")
    if not bool(torch.isfinite(tensor).all()):
        raise ModelError(f"{where}: {name}", "finite numbers", "NaN or infinity")
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def write_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Write tensors to a safetensors file, in the order of their names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = {name: weights[name].detach().cpu().contiguous() for name in sorted(weights)}
    save_file(ordered, path)
