"""A model as its curators write it: where its weights and its dictionaries are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from atlas.entries.credit import Source
from atlas.entries.ids import LibraryPath, Slug
from atlas.entries.record import Record


@dataclass(frozen=True, kw_only=True)
class WeightsReference(Record):
    """Weights in a folder of the library (with its digest) or on a model hub (with a revision)."""

    folder: LibraryPath = ""
    sha256: str = ""
    hub: str = ""
    revision: str = ""


@dataclass(frozen=True, kw_only=True)
class TokensReference(Record):
    """The labelled held-out token file, which dashboards and scores are computed on."""

    file: LibraryPath
    sha256: str


@dataclass(frozen=True, kw_only=True)
class DictionaryReference(Record):
    """A set of sparse autoencoders or transcoders trained on the model."""

    id: Slug
    kind: Literal["transcoder", "skip_transcoder", "cross_layer_transcoder", "sae"]
    format: Literal["circuit_tracer", "saelens", "gemma_scope_1", "gemma_scope_2"]
    folder: LibraryPath = ""
    sha256: str = ""
    hub: str = ""
    revision: str = ""
    features: int
    layers: tuple[int, ...]
    site: Literal["mlp", "resid_post"]


@dataclass(frozen=True, kw_only=True)
class Resources(Record):
    """What one entry of this model asks of the machine that runs it."""

    gpus: int
    memory_gb: float
    minutes: float

    @property
    def device(self) -> str:
        """Where entries are measured: on the processor unless the model asks for a GPU."""
        return "cuda" if self.gpus else "cpu"


@dataclass(frozen=True, kw_only=True)
class Model(Record):
    """A model: one file under `models/`. Folders are relative to the root of the library."""

    schema_version: int
    id: str
    name: str
    kind: Literal["microworld", "public"]
    summary: str = ""
    architecture: str
    parameters: int
    layers: int
    d_model: int
    heads: int
    d_vocab: int
    context: int
    licence: str
    weights: WeightsReference
    tokens: TokensReference | None = None
    dictionaries: tuple[DictionaryReference, ...]
    resources: Resources
    languages: tuple[str, ...]
    sources: tuple[Source, ...] = ()
    report: LibraryPath = ""

    def dictionary(self, dictionary_id: str) -> DictionaryReference:
        """The dictionary of that id; KeyError if the model has none."""
        return {each.id: each for each in self.dictionaries}[dictionary_id]
