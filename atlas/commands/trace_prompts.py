"""Many prompts traced with one settings into one folder, which can be interrupted and resumed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from atlas.commands.graph_report import tracing_of
from atlas.commands.prompt_sources import NamedPrompt, UnreadablePrompt
from atlas.entries.text import printable
from atlas.errors import AtlasError, GraphError
from atlas.graphs.graph import AttributionGraph
from atlas.methods.attribute import Progress
from atlas.methods.attribute_many import attribute_many
from atlas.methods.attribution.freeze_prompt import Prompt
from atlas.methods.attribution.graph_header import settings_record
from atlas.methods.trace import TraceSettings
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel


@dataclass(frozen=True)
class Outcome:
    """What became of one prompt of a file."""

    name: str
    state: str  # traced | there: the folder had its graph | failed
    details: dict[str, Any]


def trace_prompts(
    engine: tuple[LanguageModel, Dictionary],
    prompts: list[NamedPrompt | UnreadablePrompt],
    settings: TraceSettings,
    folder: Path,
    progress: Progress | None = None,
) -> Iterator[Outcome]:
    """Each prompt's graph as `<name>.npz` in the folder; a graph made alike is left as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    asked = [_asked(each, engine, settings, folder) for each in prompts]
    waiting = [each.prompt for each in asked if each.prompt is not None]
    results = attribute_many(*engine, waiting, settings, progress)
    for each in asked:
        if each.outcome is not None:
            yield each.outcome
            continue
        found = next(results)
        if found.graph is None:
            yield Outcome(each.name, "failed", {"error": str(found.error)})
            continue
        path = folder / f"{each.name}.npz"
        found.graph.save(path)
        yield Outcome(each.name, "traced", {"graph": str(path), **_size(found.graph)})


@dataclass(frozen=True, eq=False)
class _Asked:
    """A prompt that waits to be traced, or what is known of it already."""

    name: str
    prompt: Prompt | None
    outcome: Outcome | None


def _asked(
    given: NamedPrompt | UnreadablePrompt,
    engine: tuple[LanguageModel, Dictionary],
    settings: TraceSettings,
    folder: Path,
) -> _Asked:
    name, path = given.name, folder / f"{given.name}.npz"
    if isinstance(given, UnreadablePrompt):
        return _Asked(name, None, Outcome(name, "failed", {"error": str(given.error)}))
    try:
        prompt = given.prompt_for(engine[0])
        if is_there(path, engine, prompt, settings):
            return _Asked(name, None, Outcome(name, "there", {"graph": str(path)}))
    except AtlasError as error:
        return _Asked(name, None, Outcome(name, "failed", {"error": str(error)}))
    return _Asked(name, prompt, None)


def is_there(
    path: Path,
    engine: tuple[LanguageModel, Dictionary],
    prompt: Prompt,
    settings: TraceSettings,
) -> bool:
    """Whether the file is a whole graph of these tokens, made with this engine and settings."""
    model, dictionary = engine
    if not path.is_file():
        return False
    try:
        header = AttributionGraph.load(path).header
    except GraphError:
        return False
    ids = model.tokenize(prompt).ids if isinstance(prompt, str) else prompt
    recorded = json.loads(json.dumps(settings_record(settings)))
    return (
        (header.model, header.dictionary) == (model.name, dictionary.name)
        and header.settings == recorded
        and header.token_ids == tuple(ids.tolist())
    )


def line_of(outcome: Outcome) -> str:
    """An outcome for people."""
    details = outcome.details
    if outcome.state == "failed":
        return f"{outcome.name}  failed: {printable(details['error'])}"
    if outcome.state == "there":
        return f"{outcome.name}  already there"
    return (
        f"{outcome.name}  {details['nodes']:,} nodes, {details['edges']:,} edges, "
        f"unvisited mass {details['unvisited_mass']:.2%}, "
        f"closed to {details['largest_closure_gap']:.1e}"
    )


def _size(graph: AttributionGraph) -> dict[str, Any]:
    tracing = tracing_of(graph) or {}
    return {
        "nodes": len(graph.nodes),
        "edges": int(graph.rows.nnz),
        "unvisited_mass": tracing["unvisited_mass"],
        "largest_closure_gap": float(np.abs(graph.closure_gap()).max(initial=0.0)),
    }
