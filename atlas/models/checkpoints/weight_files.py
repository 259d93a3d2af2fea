"""Reading and writing files of tensors with checked names, shapes and finite values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from atlas.errors import DAMAGED, ModelError, ModelUnavailable, UnknownFormat
from atlas.files.refusal import told_refusal, writing
from atlas.models.checkpoints.mapped_arrays import read_arrays

PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle")
"""Endings of files whose reading may run code; they are never opened."""

SEARCHED_BYTES = 2**26  # up to this size, an encoder or decoder is searched for NaN


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors or .npz file.

    Raises:
        ModelUnavailable: no such file.
        UnknownFormat: the file is neither, is cut short, or is a pickle.
    """
    if path.suffix in PICKLES:
        raise UnknownFormat(
            str(path),
            "a safetensors or .npz file",
            "a pickle, which may run code when it is read",
            "convert it with the tool that wrote it",
        )
    if not path.is_file():
        raise ModelUnavailable(str(path), "a safetensors or .npz file", "no such file")
    if path.suffix == ".npz":
        return _read_arrays(path)
    try:
        return dict(load_file(path))
    except (SafetensorError, ValueError) as error:
        raise UnknownFormat(str(path), "a whole safetensors file", str(error)) from error


def _read_arrays(path: Path) -> dict[str, Tensor]:
    try:
        return {name: torch.from_numpy(array) for name, array in read_arrays(path).items()}
    except DAMAGED as error:
        raise UnknownFormat(str(path), "a whole .npz file of numbers", str(error)) from error


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


def take_matrix(
    weights: Mapping[str, Tensor], name: str, shape: tuple[int, ...], where: Path
) -> Tensor:
    """One encoder or decoder of the expected shape, in the precision of its file.

    Files are mapped into memory, so what is taken from them stays on the disk until rows of it are
    used. A matrix of more than 64 MiB is therefore not searched for NaN either: that
    would read it all. Rows that are used and hold NaN are refused by `replacement.freeze`.

    Raises:
        ModelError: as `take`.
    """
    tensor = weights.get(name)
    if tensor is None or tuple(tensor.shape) != shape or tensor.nbytes <= SEARCHED_BYTES:
        take(weights, name, shape, where)
    return weights[name] if weights[name].is_floating_point() else weights[name].float()


def size_of(weights: Mapping[str, Tensor], name: str, where: Path) -> tuple[int, int]:
    """The shape of a matrix that sets the sizes of all others; ModelError if it is none."""
    if name not in weights or weights[name].ndim != 2:
        raise ModelError(str(where), f"a matrix {name}", f"{sorted(weights)}")
    rows, columns = weights[name].shape
    return int(rows), int(columns)


def write_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Write tensors to a safetensors file, in the order of their names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = {name: weights[name].detach().cpu().contiguous() for name in sorted(weights)}
    save_tensors(ordered, path)


def save_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors as they are to a safetensors file. Raises CannotWrite."""
    with writing_tensors(path.parent):
        save_file(dict(tensors), path)


@contextmanager
def writing_tensors(folder: Path) -> Iterator[None]:
    """As `writing`, where safetensors writes: it says in words what the system refused."""
    with writing(folder):
        try:
            yield
        except SafetensorError as error:
            refused = told_refusal(str(error), folder)
            if refused is None:
                raise
            raise refused from error
