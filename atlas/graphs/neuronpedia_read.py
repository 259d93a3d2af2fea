"""Turns a file in the shared graph format, of any known dialect, into an attribution graph.

A foreign graph has no constants and no dropped mass, and its rows do not say what they sum to:
`row_totals` is None. Every feature and every logit gets a row, since such files list only what
was traced. What had to be repaired is reported in words; what cannot be held is refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from atlas.errors import GraphError, GraphFormatError
from atlas.graphs.attention_score import AttentionScore
from atlas.graphs.graph import AttributionGraph, GraphHeader
from atlas.graphs.neuronpedia_attention import read_attention
from atlas.graphs.neuronpedia_block import AtlasBlock, is_hidden, read_block
from atlas.graphs.neuronpedia_file import GraphDocument, check, read_document
from atlas.graphs.neuronpedia_links import AttachedLinks, NodeNames, attach_links
from atlas.graphs.neuronpedia_nodes import canonical_order, node_entries, table_of
from atlas.graphs.neuronpedia_view import NodeFinder, saved_view
from atlas.graphs.nodes import NodeKind, NodeTable
from atlas.graphs.parts import GraphPart

# Some writers show white space in tokens by these signs.
WHITE_SPACE_SIGNS = {"⏎": "\n", "→": "\t", "↵": "\r"}


@dataclass(frozen=True, eq=False)
class ImportedGraph:
    """A graph from another tool, its saved view, and what had to be repaired."""

    graph: AttributionGraph
    slug: str
    parts: tuple[GraphPart, ...]  # the file's supernodes
    pinned: tuple[int, ...]  # nodes
    attention: tuple[AttentionScore, ...]  # scores that this atlas wrote beside the graph
    repairs: tuple[str, ...]  # in words, empty if the file was sound


def read_imported(path: str | Path) -> ImportedGraph:
    """A file of the shared graph format with its view and repairs.

    Raises GraphFormatError if the file is damaged, holds nodes of kinds that this atlas does not
    know, or is no acyclic graph; AmbiguousNode if ids cannot be told apart.
    """
    document = read_document(Path(path))
    try:
        return import_document(document)
    except GraphError as problem:
        raise type(problem)(
            f"{path} {problem.where}", problem.expected, problem.found, problem.action
        ) from problem


def import_document(document: GraphDocument) -> ImportedGraph:
    """The graph in a document."""
    repairs: list[str] = []
    document, attention = read_attention(document, repairs)
    block = usable_block(document, repairs)
    tokens = prompt_tokens(document.metadata)
    entries, places = node_entries(document, block, len(tokens), repairs)
    order = canonical_order(entries)
    nodes = table_of([entries[place] for place in order])
    file_order = np.array([places[place] for place in order], dtype=np.int64)
    ids = [document.nodes[place].node_id if place >= 0 else "" for place in file_order]
    nodes_of_id: dict[str, list[int]] = defaultdict(list)
    for node in np.flatnonzero(file_order >= 0):
        nodes_of_id[ids[node]].append(int(node))
    shared = [name for name, bearers in nodes_of_id.items() if len(bearers) > 1]
    if shared:
        repairs.append(f"{len(shared)} ids, such as {shared[0]}, stood for more than one node")
    links, link_repairs = attach_links(document.links, NodeNames(nodes, nodes_of_id, file_order))
    repairs += link_repairs
    graph = graph_of_links(nodes, ids, links, block or plain_block(document, tokens))
    if document.has_attention_nodes and not attention:
        repairs.append("descriptions of attention sources (qk_only_nodes) were left out")
    display_ids = {
        int(node): document.nodes[file_order[node]].display_id
        for node in np.flatnonzero(file_order >= 0)
    }
    pinned, parts = saved_view(document.view, NodeFinder(nodes_of_id, display_ids), repairs)
    slug = document.metadata.get("slug")
    known_slug = slug if isinstance(slug, str) else ""
    return ImportedGraph(graph, known_slug, parts, pinned, attention, tuple(repairs))


def graph_of_links(
    nodes: NodeTable, ids: Sequence[str], links: AttachedLinks, block: AtlasBlock
) -> AttributionGraph:
    """The graph of these nodes and links, with what the block knows about its rows."""
    hidden = np.flatnonzero(is_hidden(nodes))
    has_row = (nodes.kind == NodeKind.LOGIT) | (nodes.kind == NodeKind.FEATURE)
    if block.rows:
        has_row &= np.array([name in block.rows for name in ids], dtype=bool)
    row_nodes = np.flatnonzero(has_row).astype(np.int32)
    row_of = np.cumsum(has_row) - 1
    if not has_row[links.targets].all():
        stray = ids[links.targets[int(has_row[links.targets].argmin())]]
        raise GraphFormatError("metadata.atlas.rows", "a row for every target", f"none for {stray}")
    known = [block.rows[ids[int(node)]] for node in row_nodes] if block.rows else []
    extra = [(row, *pair) for row, content in enumerate(known) for pair in content.hidden]
    extra_rows, places, weights = zip(*extra, strict=True) if extra else ((), (), ())
    coordinates = (
        np.concatenate([row_of[links.targets], np.array(extra_rows, dtype=np.int64)]),
        np.concatenate([links.sources, hidden[np.array(places, dtype=np.int64)]]),
    )
    values = np.concatenate([links.weights, np.array(weights, dtype=np.float64)])
    totals = [row.total for row in known if row.total is not None]
    complete = bool(known) and len(totals) == len(known)
    return AttributionGraph(
        nodes=nodes,
        rows=csr_array(
            (values.astype(np.float32), coordinates), shape=(len(row_nodes), len(nodes))
        ),
        row_nodes=row_nodes,
        row_totals=np.array(totals, np.float32) if complete else None,
        header=block.header,
        dropped_absolute=np.array([row.lost for row in known], np.float32) if known else None,
    )


def usable_block(document: GraphDocument, repairs: list[str]) -> AtlasBlock | None:
    """The file's own block, unless there is none or another tool changed the graph since."""
    if "atlas" not in document.metadata:
        return None
    block = read_block(document.metadata["atlas"], "metadata.atlas")
    known = {node.node_id for node in document.nodes}
    if block.link_count == len(document.links.sources) and known >= block.rows.keys():
        return block
    repairs.append(
        "nodes or links were changed since this atlas wrote the file: its constants, dropped mass "
        "and row totals were left out"
    )
    return None


def plain_block(document: GraphDocument, tokens: tuple[str, ...]) -> AtlasBlock:
    """What a foreign file says about its origin, in the place of our own block."""
    metadata = document.metadata
    info = mapping_in(metadata, "info")
    named = [
        info.get("transcoder_set"),
        info.get("neuronpedia_source_set"),
        mapping_in(metadata, "feature_details").get("neuronpedia_source_set"),
    ]
    settings = {
        "generation": metadata.get("generation_settings"),
        "pruning": metadata.get("pruning_settings"),
    }
    scan = metadata.get("scan")
    check(isinstance(scan, str), "metadata.scan", "text", scan)
    prompt = metadata.get("prompt")
    check(isinstance(prompt, str), "metadata.prompt", "text", prompt)
    header = GraphHeader(
        model=str(scan),
        dictionary=next((name for name in named if isinstance(name, str)), ""),
        prompt=str(prompt),
        tokens=tokens,
        settings={name: value for name, value in settings.items() if isinstance(value, dict)},
        provenance={"imported_from": "shared graph format", "info": info},
    )
    return AtlasBlock(header, len(document.links.sources), (), {}, {}, {}, {})


def mapping_in(metadata: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object of that name; an empty one if there is none."""
    value = metadata.get(name)
    return value if isinstance(value, dict) else {}


def prompt_tokens(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """The prompt's tokens, with signs for white space undone where the prompt proves them."""
    tokens = metadata.get("prompt_tokens")
    listed = isinstance(tokens, list) and all(isinstance(token, str) for token in tokens)
    check(listed, "metadata.prompt_tokens", "a list of text", tokens)
    prompt = metadata.get("prompt")
    found = [str(token) for token in tokens or ()]
    if "atlas" in metadata or not isinstance(prompt, str):
        return tuple(found)
    for sign, meant in WHITE_SPACE_SIGNS.items():
        if meant in prompt and sign not in prompt:
            found = [token.replace(sign, meant) for token in found]
    return tuple(found)
