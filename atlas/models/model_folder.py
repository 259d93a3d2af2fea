"""Where a model's files lie on this disk, found without loading any; torch is not needed."""

from __future__ import annotations

from pathlib import Path

from atlas.entries.model import Model


def split_revision(reference: str) -> tuple[str, str | None]:
    """A hub id and its revision, from `owner/name@revision`; a folder is itself and has none."""
    if (Path(reference).expanduser() / "config.json").is_file():
        return reference, None
    name, _, revision = reference.partition("@")
    return name, revision or None


def model_folder(reference: str, revision: str | None = None) -> Path | None:
    """A model's folder, or its place in the hub's cache; None where it is not there yet."""
    folder = Path(reference).expanduser()
    if not reference:
        return None
    if (folder / "config.json").is_file():
        return folder
    # Only names of the hub need its client.
    try:
        from huggingface_hub import try_to_load_from_cache
        from huggingface_hub.errors import HFValidationError
    except ImportError:  # comes with the engine
        return None
    try:
        config = try_to_load_from_cache(reference, "config.json", revision=revision)
    except HFValidationError:
        return None
    return Path(config).parent if isinstance(config, str) else None


def folder_of_entry(root: Path, model: Model) -> Path | None:
    """The same for a model of the library with this root."""
    if model.weights.folder:
        return model_folder(str(root / model.weights.folder))
    return model_folder(model.weights.hub, model.weights.revision or None)
