"""What a graph's file says of its origin: model, prompt, settings, and what ran it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

from jaxtyping import Int
from torch import Tensor

from atlas.graphs.header import GraphHeader
from atlas.methods.attribution.target_record import target_record
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel


@dataclass(frozen=True)
class Origin:
    """What the graph was made from, for its header."""

    prompt: str
    settings: Any  # a frozen dataclass


def graph_header(
    model: LanguageModel,
    dictionary: Dictionary,
    ids: Int[Tensor, " position"],
    origin: Origin,
    provenance: Mapping[str, Any],
) -> GraphHeader:
    """The header of a graph of these token ids; `provenance` is what the method adds to it."""
    tokens = [int(token) for token in ids]
    return GraphHeader(
        model=model.name,
        dictionary=dictionary.name,
        prompt=origin.prompt,
        tokens=tuple(model.token_string(token) for token in tokens),
        token_ids=tuple(tokens),
        settings=settings_record(origin.settings),
        provenance={
            **_model_provenance(model),
            "zero_positions": dictionary.zero_positions,
            **provenance,
        },
    )


def _model_provenance(model: LanguageModel) -> dict[str, Any]:
    """What a graph's header says of the model and of what ran it."""
    libraries = ("torch", "transformers", "transformer-lens", "llm-circuits-atlas")
    return {
        "architecture": model.architecture,
        "dtype": model.precision,
        "device": str(model.device),
        "d_vocab": model.d_vocab,  # nodes of tokens' logits have an index below it
        "versions": {name: _version(name) for name in libraries},
    }


def settings_record(settings: Any) -> dict[str, Any]:
    """What a graph's header says of the settings that it was made with.

    A share that keeps everything is not written, nor how much memory a chunk might take: neither
    makes another graph.
    """
    target = target_record(settings.target)
    recorded = {"method": settings.method, **asdict(settings), "target": target}
    recorded.pop("chunk_bytes", None)
    if recorded.get("keep") == 1:
        del recorded["keep"]
    return recorded


@cache
def _version(library: str) -> str:
    try:
        return version(library)
    except ImportError:  # PackageNotFoundError: run from a checkout that is not installed
        return "unknown"
