"""What of a model this machine can run, and how: figures of the estimate of memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atlas.errors import AtlasError
from atlas.models.memory import PROCESS, Holding, RunSize, to_load, to_trace
from atlas.models.shapes import dictionary_shape, model_shape

RUN = RunSize(tokens=32, rows=1010)
"""What is estimated: a trace of 32 tokens with 1,000 features."""
WAYS = (
    ("plain", Holding()),
    ("--dtype bfloat16", Holding(weights="bfloat16")),
    ("--stream", Holding(stream=True)),
)
ON_DEVICE = (
    ("--device cuda", Holding(accelerator=True)),
    ("--device cuda --dtype bfloat16", Holding(accelerator=True, weights="bfloat16")),
    ("--device cuda --stream", Holding(accelerator=True, stream=True)),
)


@dataclass(frozen=True)
class Free:
    """Bytes; None where nobody says."""

    memory: int | None
    accelerator: int | None  # None: there is no such device


def ways(model: Path, dictionary: Path | None, free: Free) -> list[dict[str, Any]]:
    """Each way to trace with a model, what it takes, and whether that is free; slowest last.

    Without a dictionary, what one takes is left out. Nothing where sizes are not known.
    """
    try:
        shapes = model_shape(model), dictionary_shape(dictionary) if dictionary else None
    except AtlasError:
        return []
    found = []
    for option, holding in (*WAYS, *(ON_DEVICE if free.accelerator is not None else ())):
        needs = to_load(*shapes, holding) + to_trace(*shapes, holding, RUN)
        memory, accelerator = PROCESS + needs.memory_bytes, needs.accelerator_bytes
        found.append(
            {
                "option": option,
                "memory_gb": round(memory / 1e9, 2),
                "accelerator_gb": round(accelerator / 1e9, 2),
                "files_gb": round(needs.files / 1e9, 2),
                "fits": (free.memory is None or memory <= free.memory)
                and (free.accelerator is None or accelerator <= free.accelerator),
            }
        )
    return found


def in_words(found: Sequence[dict[str, Any]]) -> str:
    """The ways for people: those that fit, then those that do not."""
    return "; ".join([*_said(found, True), *_said(found, False)])


def _said(found: Sequence[dict[str, Any]], fits: bool) -> Iterator[str]:
    chosen = [each for each in found if each["fits"] is fits]
    if chosen:
        yield ("traces with " if fits else "too large: ") + ", ".join(map(_one, chosen))


def _one(way: dict[str, Any]) -> str:
    device = f" + {way['accelerator_gb']} GB there" if way["accelerator_gb"] else ""
    return f"{way['option']} ({way['memory_gb']} GB{device})"
