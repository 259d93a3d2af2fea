"""The model and the dictionary that entries are measured with, loaded once per process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from atlas.models.bridge import BridgeSettings
from atlas.models.language_model import LanguageModel
from atlas.models.loading import AnyDictionary, load_dictionary, load_model
from atlas.runs.provenance import DEVICE


@lru_cache(maxsize=1)
def loaded(library: Path, model: str, dictionary: str) -> tuple[LanguageModel, AnyDictionary]:
    """The pair, kept until another one is asked for.

    Raises:
        BrokenReference, ModelUnavailable, DigestMismatch: as `load_model`.
    """
    return (
        load_model(library, model, BridgeSettings(DEVICE)),
        load_dictionary(library, model, dictionary),
    )
