"""The JSON API: files under `api/v1/`, described by `api/v1/index.json`.

What curators wrote, what was measured and what the atlas derives from both never share an object.
Addresses are relative to the file that names them. Fields are only added under `v1`; anything else
gets a new version beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from atlas.entries.retrained import holdings
from atlas.entries.yaml_source import read_yaml
from site_builder.address import model_page, relative
from site_builder.exports.feeds import ENTRIES, VERDICTS
from site_builder.exports.published import NAME, Published, absolute
from site_builder.exports.schemas import SCHEMA_FOLDER, write_schemas
from site_builder.json_files import write_json
from site_builder.reading import feature_part
from site_builder.records import CircuitRecord, FeatureRecord, SiteRecords
from site_builder.reproduction import known_state

VERSION = 1
ROOT = f"api/v{VERSION}"
INDEX = f"{ROOT}/index.json"
CATALOG = f"{ROOT}/catalog.json"
# What a result says of the graph that was accepted, beside the file itself.
GRAPH_FACTS = ("row", "scores", "nodes", "edges", "nodes_before_pruning", "edges_before_pruning")
PARTS_OF_API = (
    ("catalog", "catalog.json", "Every entry with its verdict and state, and where its file is."),
    ("circuit", "circuits/{id}.json", "A circuit: curated, measured, derived."),
    ("feature", "features/{id}.json", "A feature; its id is {model}/{dictionary}/{layer}-{index}."),
    ("model", "models/{id}.json", "A model, its dictionaries, and the entries on it."),
    ("resource", "resources/{id}.json", "A paper or tool, and the entries that draw on it."),
)


def api_file(kind: str, entry: str) -> str:
    """Where an entry's JSON lies, from the site's root."""
    return f"{ROOT}/{kind}s/{entry}.json"


def write_api(
    site: SiteRecords, entries: Sequence[Published], redirects: Mapping[str, str], source: Path
) -> None:
    """Write what describes and lists the entries, and the models and resources they share."""
    write_schemas(site, source)
    write_json(index(site), source / INDEX)
    write_json(catalog(site, entries, redirects), source / CATALOG)
    for model in site.models:
        write_json(model_values(model, site, entries), source / api_file("model", model))
    for resource in site.resources:
        write_json(
            resource_values(resource, site, entries), source / api_file("resource", resource)
        )


def index(site: SiteRecords) -> dict[str, Any]:
    """What there is, where, and which schema describes it."""
    return {
        "api_version": VERSION,
        "name": NAME,
        "site": absolute(site, "") or relative(INDEX, "index.html"),
        "documentation": relative(INDEX, "guide/for-other-programs.html"),
        "licence": {"entries": "CC-BY-4.0", "code": "MIT"},
        "files": [
            {"name": name, "path": path, "schema": schema_of(name), "description": words}
            for name, path, words in PARTS_OF_API
        ],
        "feeds": {"entries": relative(INDEX, ENTRIES), "verdicts": relative(INDEX, VERDICTS)},
    }


def schema_of(name: str) -> str:
    """The schema of a kind of file, beside the index."""
    return f"{SCHEMA_FOLDER}/api-{'catalog' if name == 'catalog' else 'entry'}.schema.json"


def catalog(
    site: SiteRecords, entries: Iterable[Published], redirects: Mapping[str, str]
) -> dict[str, Any]:
    """One object for each entry, short enough to load them all; and the ids that were renamed."""
    return {
        "api_version": VERSION,
        "schema": schema_of("catalog"),
        "entries": [summary_values(each, site) for each in entries],
        "models": [
            {"id": each, "file": f"models/{each}.json", "kind": site.models[each].kind}
            for each in site.models
        ],
        "resources": [{"id": each, "file": f"resources/{each}.json"} for each in site.resources],
        "redirects": dict(redirects),
    }


def summary_values(each: Published, site: SiteRecords) -> dict[str, Any]:
    """What the catalog says of an entry."""
    entry = each.entry
    curated: dict[str, Any] = {
        "title": each.title,
        "model": entry.model,
        "dictionary": entry.dictionary,
        "lifecycle": entry.lifecycle,
        "created": entry.created,
        "licence": entry.licence,
    }
    if isinstance(each.record, CircuitRecord):
        circuit = each.record.circuit
        curated |= {"domain": circuit.domain, "behaviour": circuit.behaviour}
        curated |= {"languages": list(circuit.languages)}
    return {
        "kind": each.kind,
        "id": each.id,
        "file": relative(CATALOG, api_file(each.kind, each.id)),
        "page": relative(CATALOG, each.page),
        "curated": curated,
        "derived": {
            "verdict": each.record.verdict,
            "reproduction": known_state(site, each.record).state,
        },
    }


def entry_values(each: Published, site: SiteRecords) -> dict[str, Any]:
    """A circuit or a feature, whole."""
    here = api_file(each.kind, each.id)
    return {
        "api_version": VERSION,
        "schema": relative(here, f"{ROOT}/{SCHEMA_FOLDER}/api-entry.schema.json"),
        "kind": each.kind,
        "id": each.id,
        "links": links(each, here, site),
        "curated": read_yaml(site.library / each.record.file).data,
        "measured": measured(each),
        "derived": derived(each, site),
    }


def links(each: Published, here: str, site: SiteRecords) -> dict[str, str]:
    """Where to go on from an entry, relative to its file."""
    found = {"page": relative(here, each.page)}
    if each.record.notebook_file is not None:
        found["notebook"] = relative(here, f"{each.folder}/notebook.ipynb")
    if each.entry.model in site.models:
        found["model"] = relative(here, api_file("model", each.entry.model))
    return found


def measured(each: Published) -> dict[str, Any]:
    """The accepted measurements, as they were written when the entry was run."""
    result = each.record.result
    graph = result.get("graph")
    provenance = result.get("provenance")
    found: dict[str, Any] = {
        "measurements": [one.to_json() for one in each.measurements.values()],
        "provenance": provenance if isinstance(provenance, Mapping) else None,
    }
    if isinstance(each.record, FeatureRecord):
        found["score"] = feature_part(result, "score")
    elif isinstance(graph, Mapping):
        found["graph"] = {name: graph[name] for name in GRAPH_FACTS if name in graph}
    return found


def derived(each: Published, site: SiteRecords) -> dict[str, Any]:
    """What the atlas concludes: verdicts with their conditions, the state of reproduction."""
    state = known_state(site, each.record)
    found: dict[str, Any] = {
        "verdict": each.record.verdict,
        "claims": [
            {
                "claim": name,
                "verdict": verdict.word,
                "demonstration": verdict.demonstration,
                "conditions": [asdict(condition) for condition in verdict.conditions],
            }
            for name, verdict in each.verdicts.items()
        ],
        "reproduction": {
            "state": state.state,
            "reasons": list(state.reasons),
            "night": state.night.isoformat() if state.night else None,
        },
    }
    if isinstance(each.record, CircuitRecord):
        held = holdings(each.record.circuit, each.record.retrained)
        found["retrained"] = [
            {"claim": claim, **asdict(holding)} for claim, many in held.items() for holding in many
        ]
    if isinstance(each.record, FeatureRecord):
        pairs = each.record.used_by
        found["used_by"] = [{"circuit": circuit, "part": part} for circuit, part in pairs]
    return found


def model_values(model: str, site: SiteRecords, entries: Iterable[Published]) -> dict[str, Any]:
    """A model with the entries on it."""
    here = api_file("model", model)
    return {
        **named(here, "model", model),
        "links": {"page": relative(here, model_page(model))},
        "curated": read_yaml(site.library / "models" / f"{model}.yaml").data,
        "derived": of_entries(entries, lambda each: each.entry.model == model),
    }


def resource_values(
    resource: str, site: SiteRecords, entries: Iterable[Published]
) -> dict[str, Any]:
    """A paper, tool or data set with the entries that draw on it."""
    here = api_file("resource", resource)

    def draws_on(each: Published) -> bool:
        return resource in {source.resource for source in each.sources}

    return {
        **named(here, "resource", resource),
        "links": {},
        "curated": read_yaml(site.library / "resources" / f"{resource}.yaml").data,
        "derived": of_entries(entries, draws_on),
    }


def named(here: str, kind: str, entry: str) -> dict[str, Any]:
    """The first fields of every file of an entry."""
    schema = relative(here, f"{ROOT}/{SCHEMA_FOLDER}/api-entry.schema.json")
    return {"api_version": VERSION, "schema": schema, "kind": kind, "id": entry}


def of_entries(
    entries: Iterable[Published], chosen: Callable[[Published], bool]
) -> dict[str, list[str]]:
    """The ids of the chosen circuits and features."""
    found: dict[str, list[str]] = {"circuits": [], "features": []}
    for each in entries:
        if chosen(each):
            found[f"{each.kind}s"].append(each.id)
    return found
