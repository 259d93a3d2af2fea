"""Folders of the first GemmaScope as published: layer_<i>/width_<w>/average_l0_<n>/params.npz.

Nothing in them says what a coder reads and writes; only the repository's name does, such as
gemma-scope-2b-pt-res, which has to stand somewhere in the folder's path (as it does in the hub's
cache). One choice of width and L0 is read at a time: a folder of one layer, or one in which each
layer has a single params.npz (Lieberum et al. 2024, 2408.05147).
"""

from __future__ import annotations

import re
from pathlib import Path

from atlas.errors import ModelError, ModelUnavailable, UnknownFormat
from atlas.models.checkpoints.circuit_tracer_layers import read_single_layer
from atlas.models.checkpoints.set_of_layers import set_of_layers
from atlas.models.dictionaries import SparseAutoencoderSet, TranscoderSet
from atlas.models.sites import Site

REPOSITORY = re.compile(r"gemma-scope-(\d+b)-(pt|it)-(\w+)")
SITES = {
    "res": (Site.RESIDUAL_AFTER, Site.RESIDUAL_AFTER),
    "mlp": (Site.MLP_WRITE, Site.MLP_WRITE),
    "transcoders": (Site.MLP_NORMALIZED, Site.MLP_WRITE),
}
FILE = "params.npz"
DEPTH = 3  # folders between a repository and its files: layer, width, L0


def is_folder(folder: Path) -> bool:
    """Whether there are GemmaScope's files in a folder."""
    return bool(_files(folder))


def load(folder: Path, name: str | None = None) -> SparseAutoencoderSet | TranscoderSet:
    """The autoencoders or transcoders in a folder; `name` is what errors and results call them.

    Raises:
        ModelUnavailable: no such files, or a layer of transcoders is missing.
        UnknownFormat: the path does not name a repository of which it is known what it holds.
        ModelError: several files for one layer, a tensor that is missing or has the wrong shape.
    """
    folder = Path(folder)
    size, tuning, kind = _repository(folder)
    files = _by_layer(folder)
    coders = {layer: read_single_layer(path, {}) for layer, path in sorted(files.items())}
    model_name = f"google/gemma-2-{size}" + "-it" * (tuning == "it")
    return set_of_layers(folder, coders, SITES[kind], (name or folder.name, model_name))


def _files(folder: Path) -> list[Path]:
    found = (folder.glob("*/" * depth + FILE) for depth in range(DEPTH + 1))
    return sorted(path for level in found for path in level)


def _repository(folder: Path) -> tuple[str, str, str]:
    """Size of the model, pt or it, and what the coders stand for."""
    found = REPOSITORY.search(str(folder.resolve())) or REPOSITORY.search(str(folder.absolute()))
    if found is None or found[3] not in SITES:
        kinds = ", ".join(f"gemma-scope-2b-pt-{kind}" for kind in SITES)
        raise UnknownFormat(
            str(folder),
            f"a path with the repository's name in it, such as {kinds}",
            "none" if found is None else found[0],
            "name a folder above it so; for transcoders, a config.yaml does as well",
        )
    return found[1], found[2], found[3]


def _by_layer(folder: Path) -> dict[int, Path]:
    files: dict[int, Path] = {}
    for path in _files(folder):
        layer = re.search(r"layer_(\d+)", str(path.absolute()))
        if layer is None:
            raise UnknownFormat(str(path), "a folder layer_<number> above it", "none")
        number = int(layer[1])
        if number in files:
            raise ModelError(
                str(folder),
                f"one {FILE} for each layer",
                f"{files[number].relative_to(folder)} and {path.relative_to(folder)}",
                "give a folder with one width and L0",
            )
        files[number] = path
    if not files:
        raise ModelUnavailable(str(folder), f"{FILE} in folders layer_<number>", "none")
    return files
