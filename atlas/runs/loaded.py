"""The model and the dictionary that entries are measured with, loaded once per process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from atlas.entries.library import Library
from atlas.models.bridge import BridgeSettings
from atlas.models.language_model import LanguageModel
from atlas.models.loading import AnyDictionary, load_dictionary, load_model


@lru_cache(maxsize=1)
def loaded(library: Path, model: str, dictionary: str) -> tuple[LanguageModel, AnyDictionary]:
    """The pair on the model's device, kept until another one is asked for.

    Raises:
        BrokenReference, ModelUnavailable, DigestMismatch: as `load_model`.
        ModelError: this machine lacks the device.
    """
    device = Library.open(library).models.find(model).resources.device
    return (
        load_model(library, model, BridgeSettings(device)),
        load_dictionary(library, model, dictionary),
    )
