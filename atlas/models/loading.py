"""Models and dictionaries of a library by id, their files checked against the digests on record."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from atlas.errors import BrokenReference, DigestMismatch, ModelUnavailable, UnknownFormat
from atlas.models.checkpoints import circuit_tracer, saelens
from atlas.models.dictionaries import SparseAutoencoderSet, TranscoderSet
from atlas.models.language_model import LanguageModel

READERS: dict[str, Callable[[Path, str | None], TranscoderSet | SparseAutoencoderSet]] = {
    "circuit_tracer": circuit_tracer.load,
    "saelens": saelens.load,
}


def load_model(library: Path, model_id: str, device: str = "cpu") -> LanguageModel:
    """The model of `models/<id>.yaml` under the library's root.

    Raises:
        BrokenReference: the library has no such model.
        ModelUnavailable: its weights are neither in the library nor on the hub.
        DigestMismatch: the folder's files are not those on record.
    """
    entry = _entry(library, model_id)
    weights = entry.get("weights") or {}
    if "folder" in weights:
        folder = _checked_folder(library, weights, f"models/{model_id}.yaml: weights")
        model = LanguageModel.load(str(folder), device=device)
    else:
        model = LanguageModel.load(weights["hub"], device=device, revision=weights.get("revision"))
    model.name = model_id
    return model


def load_dictionary(
    library: Path, model_id: str, dictionary_id: str
) -> TranscoderSet | SparseAutoencoderSet:
    """A dictionary listed in `models/<id>.yaml` under the library's root.

    Raises:
        BrokenReference: the model lists no such dictionary.
        UnknownFormat: no reader for its format.
        ModelUnavailable, DigestMismatch: as in `load_model`.
    """
    entry = _entry(library, model_id)
    where = f"models/{model_id}.yaml: dictionaries"
    listed = {item["id"]: item for item in entry.get("dictionaries") or []}
    if dictionary_id not in listed:
        raise BrokenReference(where, f"one of {sorted(listed)}", dictionary_id)
    item = listed[dictionary_id]
    reader = READERS.get(item.get("format", ""))
    if reader is None:
        raise UnknownFormat(where, f"format: {' or '.join(READERS)}", repr(item.get("format")))
    if "folder" in item:
        folder = _checked_folder(library, item, f"{where}: {dictionary_id}")
    else:
        folder = _from_hub(item["hub"], item.get("revision"))
    return reader(folder, dictionary_id)


def folder_digest(folder: Path) -> str:
    """SHA-256 over the sorted lines "relative-path sha256(file)" of all files under a folder."""
    digest = hashlib.sha256()
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    lines = sorted(
        f"{path.relative_to(folder).as_posix()} {_file_digest(path)}\n" for path in files
    )
    for line in lines:
        digest.update(line.encode())
    return digest.hexdigest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _entry(library: Path, model_id: str) -> dict[str, Any]:
    path = Path(library) / "models" / f"{model_id}.yaml"
    if not path.is_file():
        known = sorted(file.stem for file in path.parent.glob("*.yaml"))
        raise BrokenReference(f"models/{model_id}.yaml", f"one of {known}", "no such model")
    entry: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return entry


def _checked_folder(library: Path, item: dict[str, Any], where: str) -> Path:
    folder = Path(library, item["folder"])
    if not folder.is_dir():
        raise ModelUnavailable(where, f"the folder {item['folder']}", "no such folder")
    expected = item.get("sha256")
    if expected:
        found = folder_digest(folder)
        if found != expected:
            raise DigestMismatch(
                where,
                f"sha256 {expected}",
                found,
                f"restore {item['folder']}, or write the new digest if the change is meant",
            )
    return folder


def _from_hub(repository: str, revision: str | None) -> Path:
    # Only hub dictionaries need the hub's client.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        folder: str = snapshot_download(repository, revision=revision)
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise ModelUnavailable(
            f"dictionary {repository}",
            "files on the hub or in its local cache",
            type(error).__name__,
            "download it once with network",
        ) from error
    return Path(folder)
