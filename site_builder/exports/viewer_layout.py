"""Graphs and features as files that Anthropic's and circuit-tracer's viewers load.

    data/graph-metadata.json          the list of graphs
    graph_data/<entry>.json           each entry's graph
    features/<model>/<number>.json    each feature that has a dashboard; the number pairs its layer
                                      and index, as in the graph

Put beside such a viewer on any static host, or served on this machine, the three are all it needs.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atlas.dashboards.circuit_tracer_features import feature_record
from atlas.errors import BadInput
from atlas.files.whole import write_whole
from atlas.graphs.graph import AttributionGraph
from atlas.graphs.neuronpedia_ids import pair
from atlas.graphs.neuronpedia_write import ExportSettings, graph_values
from atlas.graphs.parts import GraphPart
from site_builder.json_files import json_bytes
from site_builder.pages.part_scene import drawn_row
from site_builder.part_nodes import part_nodes
from site_builder.records import CircuitRecord, FeatureRecord, SiteRecords

INDEX_FILE = "data/graph-metadata.json"


@dataclass(frozen=True)
class Layout:
    """What was written."""

    folder: Path
    graphs: int
    features: int


def write_layout(site: SiteRecords, folder: Path, address: str = "") -> Layout:
    """Write the layout of a whole library into an empty folder, or over one written before.

    `address` is where the folder will be published; with it, Neuronpedia's viewer finds the
    features, too. Raises BadInput if the folder holds something else, CannotWrite.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / INDEX_FILE).is_file():
        action = "name another with --out"
        raise BadInput(str(folder), "an empty folder", "something else", action)
    listed = []
    for record in site.circuits.values():
        if record.graph_file is None:
            continue
        values = viewer_graph(record, site, address)
        _write(values, folder / "graph_data" / f"{record.circuit.id}.json")
        listed.append(listing(values, record.circuit.title))
    features = list(viewer_features(site))
    for name, found in features:
        _write(found, folder / "features" / name)
    _write({"graphs": listed}, folder / INDEX_FILE)
    return Layout(folder, len(listed), len(features))


def _write(value: Any, path: Path) -> None:
    """One file, whole: the folder may be one that is served."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json_bytes(value))


def viewer_graph(record: CircuitRecord, site: SiteRecords, address: str) -> dict[str, Any]:
    """An entry's graph in the shared format, its parts pinned and its features labelled."""
    if record.graph_file is None:
        raise ValueError(f"{record.circuit.id} has no graph")
    circuit = record.circuit
    graph = AttributionGraph.load(record.graph_file)
    members = part_nodes(graph, circuit, drawn_row(record))
    parts = [GraphPart(part.label, tuple(members[part.id].tolist())) for part in circuit.parts]
    where = f"features/{circuit.model}"
    settings = ExportSettings(
        feature_url=posixpath.join(address, where) if address else None,
        parts=tuple(part for part in parts if part.nodes),
        labels=labels(graph, record, site),
        description=circuit.summary,
    )
    return graph_values(graph, circuit.id, settings)


def labels(graph: AttributionGraph, record: CircuitRecord, site: SiteRecords) -> dict[int, str]:
    """The labels of the nodes whose feature has an entry."""
    found = {}
    for node in graph.feature_nodes.tolist():
        short = f"{graph.nodes.layer[node]}-{graph.nodes.index[node]}"
        full = f"{record.circuit.model}/{record.circuit.dictionary}/{short}"
        if full in site.features:
            found[node] = site.features[full].feature.label
    return found


def listing(values: dict[str, Any], title: str) -> dict[str, Any]:
    """What the list says of a graph."""
    metadata = values["metadata"]
    said = {name: metadata[name] for name in ("slug", "scan", "prompt_tokens", "prompt")}
    return {**said, "title_prefix": title}


def viewer_features(site: SiteRecords) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every curated feature that was observed, by the file that a viewer asks for.

    Graphs name a feature by layer and index alone, so of a model's dictionaries only the one that
    its graphs are of is written.
    """
    used = {(each.circuit.model, each.circuit.dictionary) for each in site.circuits.values()}
    for record in site.features.values():
        feature = record.feature
        if record.dashboard is not None and (feature.model, feature.dictionary) in used:
            name = f"{feature.model}/{pair(feature.layer, feature.index)}.json"
            yield name, feature_values(record)


def feature_values(record: FeatureRecord) -> dict[str, Any]:
    """A feature's dashboard in the viewers' words, with its label."""
    if record.dashboard is None:
        raise ValueError(f"{record.feature.id} was not observed")
    return feature_record(record.dashboard, ()) | {"clerp": record.feature.label}
