"""`atlas doctor`: which library is used, what is installed, and what this machine can run."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import socket
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from atlas.commands.doctor_fit import Free, in_words, ways
from atlas.commands.output import format_option, library_option, print_json
from atlas.entries.library import Library
from atlas.entries.model import Model
from atlas.errors import AtlasError, ModelUnavailable
from atlas.models.free_memory import free_memory
from atlas.models.model_folder import folder_of_entry, model_folder, split_revision

EXTRAS = {
    "engine": ("torch", "transformer_lens", "sae_lens", "safetensors"),
    "notebooks": ("papermill", "nbformat", "ipykernel", "matplotlib", "circuitsvis"),
    "site": ("mkdocs", "material", "pagefind"),
    "cluster": ("ray",),
}
PACKAGES = ("numpy", "scipy", "torch", "transformers", "transformer-lens", "sae-lens", "papermill")
HUB = ("huggingface.co", 443)
PATIENCE = 3.0  # seconds to wait for the hub


@click.command(epilog="Example: atlas doctor")
@click.option("--model", metavar="FOLDER|ID", help="Another model, in a folder or the hub's cache.")
@click.option(
    "--dictionary",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The dictionary to trace it with; without one, what the model takes alone.",
)
@library_option
@format_option
def command(
    model: str | None, dictionary: Path | None, library: Path | None, output_format: str
) -> None:
    """Say which library is used, what is installed, and which models this machine can run.

    With each model stands what a trace of 32 tokens with 1,000 features would take: memory of the
    process's own, and that of an accelerator where there is one.
    """
    found = examine(library)
    if model is not None:
        found["models"] = {model: _ways_of(model, dictionary)}
    if output_format == "json":
        print_json(found)
        return
    for name, value in _lines(found):
        click.echo(f"{name:<12}{value}")


def examine(folder: Path | None) -> dict[str, Any]:
    """All that there is to say, as JSON values."""
    try:
        library: Library | None = Library.open(folder)
        where = str(library)
    except AtlasError as error:
        library, where = None, str(error)
    missing = {
        extra: [module for module in modules if importlib.util.find_spec(module) is None]
        for extra, modules in EXTRAS.items()
    }
    return {
        "library": where,
        "entries": _entries(library) if library else {},
        "python": platform.python_version(),
        "versions": _versions(),
        "extras": {extra: not lacking for extra, lacking in missing.items()},
        "missing": missing,
        "hub": hub_state(),
        "cores": os.cpu_count() or 1,
        "memory_gb": round(memory_gb(), 1),
        "free": {name: _gigabytes(size) for name, size in vars(free()).items()},
        "disk_gb": round(shutil.disk_usage(Path.cwd()).free / 1e9, 1),
        "devices": devices(),
        "models": _models(library) if library else {},
    }


def hub_state() -> str:
    """Whether the model hub can be reached, or was switched off."""
    if os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0"):
        return "switched off (HF_HUB_OFFLINE)"
    try:
        with socket.create_connection(HUB, timeout=PATIENCE):
            return "reachable"
    except OSError:
        return "not reachable: the embedded model and cached models still run"


def memory_gb() -> float:
    """The machine's memory in 10^9 bytes; 0 where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return 0.0


def devices() -> list[str]:
    """The devices that torch can compute on; without torch, none."""
    if importlib.util.find_spec("torch") is None:
        return []
    torch = importlib.import_module("torch")
    found = ["cpu"]
    if torch.cuda.is_available():
        found += [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return found


def free() -> Free:
    """What a process could get now."""
    accelerator = None
    if importlib.util.find_spec("torch") is not None:
        torch = importlib.import_module("torch")
        accelerator = torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else None
    return Free(free_memory(), accelerator)


def _gigabytes(size: int | None) -> float | None:
    return None if size is None else round(size / 1e9, 1)


def _ways_of(model: str, dictionary: Path | None) -> dict[str, Any]:
    """What a model that the library need not have could do here; ModelUnavailable if it is not."""
    folder = model_folder(*split_revision(model))
    if folder is None:
        expected = "a folder with config.json, or a model in the hub's cache"
        raise ModelUnavailable(f"model {model}", expected, "neither", "download it once")
    found = ways(folder, dictionary, free())
    fits = any(each["fits"] for each in found)
    return {"state": "runs here" if fits else "does not fit or is not known", "ways": found}


def _entries(library: Library) -> dict[str, int]:
    kinds = ("circuits", "features", "models", "resources")
    return {kind: len(getattr(library, kind)) for kind in kinds}


def _versions() -> dict[str, str]:
    found = {}
    for package in ("llm-circuits-atlas", *PACKAGES):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def _models(library: Library) -> dict[str, dict[str, Any]]:
    """For each model, whether its entries can be reproduced here, and how it can be traced."""
    found: dict[str, dict[str, Any]] = {}
    for name in library.models:
        try:
            model = library.models[name]
        except AtlasError as error:
            found[name] = {"state": str(error), "ways": []}
            continue
        lacking = ", ".join(_lacking(library, model))
        folder = folder_of_entry(library.root, model)
        found[name] = {
            "state": f"lacks {lacking}" if lacking else "runs here",
            "ways": ways(folder, _dictionary(library, model), free()) if folder else [],
        }
    return found


def _lacking(library: Library, model: Model) -> Iterator[str]:
    needs = model.resources
    if importlib.util.find_spec("torch") is None:
        yield 'the engine: pip install "llm-circuits-atlas[engine,notebooks]"'
    if needs.gpus:
        yield f"{needs.gpus} GPU"
    if memory_gb() and needs.memory_gb > memory_gb():
        yield f"{needs.memory_gb:g} GB of memory"
    if model.weights.folder and not (library.root / model.weights.folder).is_dir():
        yield f"the folder {model.weights.folder}"


def _dictionary(library: Library, model: Model) -> Path | None:
    """The first dictionary that a trace could use and that lies in the library."""
    kinds = ("transcoder", "skip_transcoder", "cross_layer_transcoder")
    listed = (each for each in model.dictionaries if each.kind in kinds and each.folder)
    first = next(listed, None)
    return None if first is None else library.root / first.folder


def _lines(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "library", found["library"]
    yield "entries", ", ".join(f"{count} {kind}" for kind, count in found["entries"].items())
    yield "python", found["python"]
    yield "packages", ", ".join(f"{name} {which}" for name, which in found["versions"].items())
    for extra, lacking in found["missing"].items():
        yield f"[{extra}]", f"lacks {', '.join(lacking)}" if lacking else "installed"
    yield "hub", found["hub"]
    memory = f"{found['memory_gb']} GB of memory, {found['disk_gb']} GB of disk free"
    yield "machine", f"{found['cores']} cores, {memory}"
    free = ", ".join(f"{size} GB of {name}" for name, size in found["free"].items() if size)
    yield "free now", free or "nobody says"
    yield "devices", ", ".join(found["devices"]) or "no torch"
    for name, model in found["models"].items():
        yield "model", f"{name}: {model['state']}"
        if model["ways"]:
            yield "", in_words(model["ways"])
