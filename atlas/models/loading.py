"""Models and dictionaries of a library by id, their files checked against the digests on record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from atlas.entries.digests import folder_digest
from atlas.entries.library import Library
from atlas.entries.model import DictionaryReference, Model, WeightsReference
from atlas.errors import (
    BrokenReference,
    DigestMismatch,
    ModelError,
    ModelUnavailable,
    UnknownFormat,
)
from atlas.models.bridge import BridgeSettings
from atlas.models.checkpoints import circuit_tracer, gemma_scope_1, gemma_scope_2, saelens
from atlas.models.checkpoints.weight_files import PICKLES
from atlas.models.dictionaries import CrossLayerTranscoder, SparseAutoencoderSet, TranscoderSet
from atlas.models.language_model import LanguageModel
from atlas.models.neurons import Neurons

AnyDictionary = TranscoderSet | CrossLayerTranscoder | SparseAutoencoderSet | Neurons
READERS: dict[str, Callable[[Path, str | None], AnyDictionary]] = {
    "circuit_tracer": circuit_tracer.load,
    "saelens": saelens.load,
    "gemma_scope_1": gemma_scope_1.load,
    "gemma_scope_2": gemma_scope_2.load,
}


def load_model(
    library: Path,
    model_id: str,
    settings: BridgeSettings = BridgeSettings(),  # noqa: B008  frozen
) -> LanguageModel:
    """The model of `models/<id>.yaml` under the library's root.

    A model of the hub is taken at the revision on record, whatever the settings say.

    Raises:
        BrokenReference: the library has no such model.
        ModelUnavailable: its weights are neither in the library nor on the hub.
        DigestMismatch: the folder's files are not those on record.
    """
    weights = _entry(library, model_id).weights
    if weights.folder:
        folder = _checked_folder(library, weights, f"models/{model_id}.yaml: weights")
        model = LanguageModel.open(str(folder), settings)
    else:
        pinned = replace(settings, revision=weights.revision or None)
        model = LanguageModel.open(weights.hub, pinned)
    model.name = model_id
    return model


def load_dictionary(library: Path, model_id: str, dictionary_id: str) -> AnyDictionary:
    """A dictionary listed in `models/<id>.yaml` under the library's root.

    Raises:
        BrokenReference: the model lists no such dictionary.
        UnknownFormat: no reader for its format.
        ModelError: its files name another model, or hold vectors of another width.
        ModelUnavailable, DigestMismatch: as in `load_model`.
    """
    where = f"models/{model_id}.yaml: dictionaries"
    entry = _entry(library, model_id)
    listed = {each.id: each for each in entry.dictionaries}
    if dictionary_id not in listed:
        raise BrokenReference(where, f"one of {sorted(listed)}", dictionary_id)
    reference = listed[dictionary_id]
    reader = READERS.get(reference.format)
    if reader is None:
        raise UnknownFormat(where, f"format: {' or '.join(READERS)}", reference.format)
    if reference.folder:
        folder = _checked_folder(library, reference, f"{where}: {dictionary_id}")
    else:
        folder = _from_hub(reference.hub, reference.revision or None)
    dictionary = reader(folder, dictionary_id)
    _check_model(dictionary, entry, f"{where}: {dictionary_id}")
    return dictionary


def read_dictionary(folder: Path) -> AnyDictionary:
    """The dictionary in a folder, its format told by its files.

    Raises:
        UnknownFormat: no folder of circuit-tracer, SAELens or GemmaScope, or pickles.
    """
    if (folder / "config.yaml").is_file():
        return circuit_tracer.load(folder)
    if (folder / "cfg.json").is_file() or any(folder.glob("*/cfg.json")):
        return saelens.load(folder)
    if gemma_scope_2.is_folder(folder):
        return gemma_scope_2.load(folder)
    if gemma_scope_1.is_folder(folder):
        return gemma_scope_1.load(folder)
    found = "none of them" if folder.is_dir() else "no such folder"
    action = ""
    if folder.is_dir():
        names = [path.name for path in sorted(folder.iterdir())]
        if any(Path(name).suffix in PICKLES for name in names):
            found, action = "pickles, which are never opened", "convert them to safetensors"
        elif any(Path(name).suffix in (".safetensors", ".npz") for name in names):
            found = "files of tensors alone"
            action = "write a config.yaml that gives model_kind, both hooks and transcoders: […]"
    raise UnknownFormat(
        str(folder),
        "config.yaml (transcoders), cfg.json (SAELens), config.json or params.npz (GemmaScope)",
        found,
        action,
    )


def _check_model(dictionary: AnyDictionary, entry: Model, where: str) -> None:
    """Refuse a dictionary that was trained on another model than the entry's."""
    named = dictionary.model_name
    known = {entry.id, entry.name, entry.weights.hub}
    if named and _short(named) not in {_short(name) for name in known}:
        raise ModelError(
            where,
            f"a dictionary for {entry.weights.hub or entry.id}",
            f"files that name the model {named}",
            "correct the entry, or model_name in the dictionary's config",
        )
    width = dictionary.coder(dictionary.layer_numbers[0]).width
    if width != entry.d_model:
        raise ModelError(where, f"vectors of width {entry.d_model}", f"width {width}")


def _short(name: str) -> str:
    """A model's name without its owner, in small letters."""
    return name.rstrip("/").rpartition("/")[2].lower()


def _entry(library: Path, model_id: str) -> Model:
    return Library.open(Path(library)).models.find(model_id)


def _checked_folder(
    library: Path, reference: WeightsReference | DictionaryReference, where: str
) -> Path:
    folder = Path(library) / reference.folder
    if not folder.is_dir():
        raise ModelUnavailable(where, f"the folder {reference.folder}", "no such folder")
    if reference.sha256:
        found = folder_digest(folder)
        if found != reference.sha256:
            raise DigestMismatch(
                where,
                f"sha256 {reference.sha256}",
                found,
                f"restore {reference.folder}, or write the new digest if the change is meant",
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
