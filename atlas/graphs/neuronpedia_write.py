"""Writes a graph in the shared format so that validators accept it and viewers can draw it."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from atlas.errors import AmbiguousNode, BadInput
from atlas.files.whole import write_whole
from atlas.graphs.attention_score import AttentionScore
from atlas.graphs.graph import AttributionGraph
from atlas.graphs.influence import cumulative_influence
from atlas.graphs.neuronpedia_attention import attention_fields
from atlas.graphs.neuronpedia_block import block_of, is_hidden
from atlas.graphs.neuronpedia_ids import display_id, node_id, pair
from atlas.graphs.nodes import NodeKind
from atlas.graphs.parts import GraphPart

SLUG = re.compile(r"[A-Za-z0-9_-]{2,}")
NOT_IN_SCAN = re.compile(r"[^A-Za-z0-9_.-]")
FEATURE_TYPES = {
    NodeKind.FEATURE: "cross layer transcoder",  # per-layer transcoders are written so, too
    NodeKind.ERROR: "mlp reconstruction error",
    NodeKind.TOKEN: "embedding",
    NodeKind.LOGIT: "logit",
}
# Neuronpedia refuses smaller uploads.
SMALLEST_UPLOAD = 1024
# Viewers hide nodes whose cumulative influence exceeds this; a pruned graph hides nothing.
UNPRUNED_THRESHOLD = 0.8


@dataclass(frozen=True)
class ExportSettings:
    """What a file says beyond its graph."""

    scan: str | None = None  # Neuronpedia's model id; None: the graph's model
    source_set: str | None = None  # Neuronpedia's name of the dictionary, for its dashboards
    feature_url: str | None = None  # where dashboards lie as {url}/{feature}.json, if self-hosted
    parts: tuple[GraphPart, ...] = ()  # drawn as supernodes and pinned
    labels: Mapping[int, str] = field(default_factory=dict)  # by node; before a part's label
    description: str = ""
    attention: tuple[AttentionScore, ...] = ()  # as nodes of their heads, with QK tracing results


def write_graph(
    graph: AttributionGraph, path: str | Path, slug: str, settings: ExportSettings | None = None
) -> tuple[str, ...]:
    """Write the file; gives warnings about what viewers or uploads will not accept, in words.

    Raises BadInput for a slug that Neuronpedia refuses, AmbiguousNode if two nodes would get one
    id, CannotWrite. Same graph and settings, same bytes.
    """
    settings = settings or ExportSettings()
    if not SLUG.fullmatch(slug):
        raise BadInput("slug", "two or more of the characters A-Z a-z 0-9 _ -", repr(slug))
    values = graph_values(graph, slug, settings)
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    data = text.encode("utf-8", "surrogatepass")
    write_whole(Path(path), data)
    return viewer_warnings(graph, data)


def graph_values(graph: AttributionGraph, slug: str, settings: ExportSettings) -> dict[str, Any]:
    """The whole file as JSON values."""
    logit_layer = int(graph.nodes.layer.max(initial=0)) + 2
    ids = [node_id(graph.nodes, node, logit_layer) for node in range(len(graph.nodes))]
    hidden = is_hidden(graph.nodes)
    check_unique([name for name, skip in zip(ids, hidden, strict=True) if not skip])
    nodes = [
        {"node_id": ids[node], **values}
        for node, values in enumerate(node_values(graph, settings, logit_layer))
        if not hidden[node]
    ]
    edges = zip(graph.edges.targets, graph.edges.sources, graph.edges.weights, strict=True)
    links = [
        {"source": ids[source], "target": ids[target], "weight": float(weight)}
        for target, source, weight in edges
        if not hidden[source]
    ]
    parts = [
        [part.label, *(ids[node] for node in part.nodes if not hidden[node])]
        for part in settings.parts
    ]
    attention = attention_fields(graph, settings.attention, {node["node_id"] for node in nodes})
    block = block_of(graph, ids)
    if attention.block:
        block["attention"] = attention.block
    values = {
        "metadata": metadata_values(graph, slug, settings) | {"atlas": block},
        "qParams": {
            "pinnedIds": list(dict.fromkeys(name for part in parts for name in part[1:])),
            "supernodes": parts,
            "linkType": "both",
            "clickedId": "",
            "sg_pos": "",
        },
        "nodes": nodes + attention.nodes,
        "links": links,
    }
    if attention.outside:
        values["qk_only_nodes"] = attention.outside
    return values


def check_unique(ids: list[str]) -> None:
    """Raise AmbiguousNode if an id would stand for two nodes."""
    if len(set(ids)) != len(ids):
        twice = next(name for place, name in enumerate(ids) if name in ids[:place])
        raise AmbiguousNode("export", "an id for each node", f"{twice} twice")


def metadata_values(graph: AttributionGraph, slug: str, settings: ExportSettings) -> dict[str, Any]:
    """The file's metadata without our own block; no null anywhere, since validators refuse it."""
    header = graph.header
    pruning = header.settings.get("pruning")
    details = {
        "neuronpedia_source_set": settings.source_set,
        "feature_json_base_url": settings.feature_url,
    }
    values: dict[str, Any] = {
        "slug": slug,
        "scan": NOT_IN_SCAN.sub("-", settings.scan or header.model),
        "prompt": header.prompt,
        "prompt_tokens": list(header.tokens),
        "node_threshold": 1.0 if pruning else UNPRUNED_THRESHOLD,
        "feature_details": {name: value for name, value in details.items() if value},
        "info": {
            "description": settings.description,
            "transcoder_set": header.dictionary,
            "generator": {"name": "llm-circuits-atlas"},
        },
        "generation_settings": {},
        "pruning_settings": pruning if isinstance(pruning, dict) else {},
    }
    # With a schema version, viewers ask Neuronpedia for dashboards and ignore a self-hosted URL.
    if settings.feature_url is None:
        values["schema_version"] = 1
    return values


def node_values(
    graph: AttributionGraph, settings: ExportSettings, logit_layer: int
) -> list[dict[str, Any]]:
    """What the file says of each node beside its id, hidden nodes included."""
    nodes = graph.nodes
    labels = {node: part.label for part in reversed(settings.parts) for node in part.nodes}
    labels |= {node: label for node, label in enumerate(nodes.label) if label}
    labels |= dict(settings.labels)
    influence = cumulative_influence(graph)
    first_logit = int(graph.logit_nodes[0]) if len(graph.logit_nodes) else -1
    values = []
    for node in range(len(nodes)):
        kind = NodeKind(int(nodes.kind[node]))
        layer = {NodeKind.TOKEN: "E", NodeKind.LOGIT: str(logit_layer)}.get(
            kind, str(nodes.layer[node])
        )
        logit = kind == NodeKind.LOGIT
        values.append(
            {
                "feature": feature_number(graph, node),
                "layer": layer,
                "ctx_idx": max(int(nodes.position[node]), 0),
                "feature_type": FEATURE_TYPES.get(kind, ""),
                "token_prob": float(nodes.value[node]) if logit else 0.0,
                "is_target_logit": node == first_logit,
                "run_idx": 0,
                "reverse_ctx_idx": 0,
                "jsNodeId": display_id(nodes, node),
                "clerp": viewer_label(graph, node, labels.get(node, "")),
                "influence": None if logit else float(influence[node]),
                "activation": float(nodes.value[node]) if kind == NodeKind.FEATURE else None,
            }
        )
    return values


def feature_number(graph: AttributionGraph, node: int) -> int:
    """The format's `feature`: paired layer and index, -1, the position, or the vocabulary id."""
    nodes = graph.nodes
    match NodeKind(int(nodes.kind[node])):
        case NodeKind.FEATURE:
            return pair(int(nodes.layer[node]), int(nodes.index[node]))
        case NodeKind.TOKEN:
            return int(nodes.position[node])
        case NodeKind.LOGIT:
            return int(nodes.index[node])
        case _:
            return -1


def viewer_label(graph: AttributionGraph, node: int, label: str) -> str:
    """The text that viewers show; a logit's must end in its probability, which they read there."""
    nodes = graph.nodes
    position = int(nodes.position[node])
    token = graph.header.tokens[position] if position >= 0 else ""
    match NodeKind(int(nodes.kind[node])):
        case NodeKind.LOGIT:
            return f"Output {quoted(label or str(nodes.index[node]))} (p={nodes.value[node]:.3f})"
        case NodeKind.TOKEN:
            return f'Emb: "{token}"'
        case NodeKind.ERROR:
            return f'Err: mlp "{token}"'
        case _:
            return label


def quoted(token: str) -> str:
    """A token in quotes from which a viewer reads the same token back, or nearly."""
    # Viewers cut the label at the first "(p=", so a token must not contain it.
    safe = token.replace("(p=", "( p=")
    if '"' in safe and "'" not in safe:
        return f"'{safe}'" if safe.count('"') == 1 else "'" + safe.replace('"', "″") + "'"
    return '"' + safe.replace('"', "″") + '"'


def viewer_warnings(graph: AttributionGraph, data: bytes) -> tuple[str, ...]:
    """What Neuronpedia will not draw or not accept."""
    warnings = []
    kind = graph.nodes.kind
    inner = (kind == NodeKind.FEATURE) | (kind == NodeKind.ERROR)
    if not (graph.nodes.layer[inner] > 0).any():
        warnings.append("no node lies above layer 0: Neuronpedia cannot draw such a graph")
    if not len(graph.logit_nodes):
        warnings.append("the graph has no logit: its scores cannot be computed")
    if len(data) < 50 * SMALLEST_UPLOAD and len(gzip.compress(data, mtime=0)) < SMALLEST_UPLOAD:
        warnings.append("smaller than 1 KiB when packed: Neuronpedia refuses the upload")
    return tuple(warnings)
