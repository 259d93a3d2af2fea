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

from atlas.commands.output import format_option, library_option, print_json
from atlas.entries.library import Library
from atlas.errors import AtlasError

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
@library_option
@format_option
def command(library: Path | None, output_format: str) -> None:
    """Say which library is used, what is installed, and which models this machine can run."""
    found = examine(library)
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


def _models(library: Library) -> dict[str, str]:
    """For each model, whether its entries can be reproduced here."""
    found = {}
    for name in library.models:
        try:
            model = library.models[name]
        except AtlasError as error:
            found[name] = str(error)
            continue
        needs = model.resources
        lacking = []
        if importlib.util.find_spec("torch") is None:
            lacking.append('the engine: pip install "llm-circuits-atlas[engine,notebooks]"')
        if needs.gpus:
            lacking.append(f"{needs.gpus} GPU")
        if memory_gb() and needs.memory_gb > memory_gb():
            lacking.append(f"{needs.memory_gb:g} GB of memory")
        if model.weights.folder and not (library.root / model.weights.folder).is_dir():
            lacking.append(f"the folder {model.weights.folder}")
        found[name] = f"lacks {', '.join(lacking)}" if lacking else "runs here"
    return found


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
    yield "devices", ", ".join(found["devices"]) or "no torch"
    for name, state in found["models"].items():
        yield "model", f"{name}: {state}"
