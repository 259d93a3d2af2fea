"""Turns the nodes of a shared graph file into rows of a node table, whatever the dialect."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from atlas.errors import GraphFormatError
from atlas.graphs.neuronpedia_block import AtlasBlock, small_integer
from atlas.graphs.neuronpedia_file import FileNode, GraphDocument, check
from atlas.graphs.neuronpedia_ids import TOKEN_ID, feature_index, spellings
from atlas.graphs.nodes import NODE_DTYPES, NodeKind, NodeTable

KINDS = {
    "cross layer transcoder": NodeKind.FEATURE,
    "unexplored node": NodeKind.FEATURE,  # what viewers rewrite it to
    "mlp reconstruction error": NodeKind.ERROR,
    "embedding": NodeKind.TOKEN,
    "logit": NodeKind.LOGIT,
}
PROBABILITY = re.compile(r"\(p=([0-9.]+)\)\s*$")
DOUBLE_QUOTED = re.compile(r'"(.*)"', re.DOTALL)
SINGLE_QUOTED = re.compile(r"'(.*)'", re.DOTALL)


def node_entries(
    document: GraphDocument, block: AtlasBlock | None, token_count: int, repairs: list[str]
) -> tuple[list[dict[str, Any]], list[int]]:
    """The nodes as rows of a table, and the place of each in the file; -1 for hidden ones."""
    paired = announces_pairs(document.metadata)
    entries = []
    odd = 0
    for node in document.nodes:
        check(
            0 <= node.position < token_count,
            f"node {node.node_id}",
            f"a position below {token_count}, the number of tokens",
            node.position,
        )
        entry = node_entry(node, paired)
        if entry["kind"] == NodeKind.FEATURE and node.feature is not None:
            odd += node.feature not in spellings(entry["layer"], entry["index"])
        if block is not None:
            entry["label"] = block.labels.get(node.node_id, "")
            entry["value"] = block.values.get(node.node_id, entry["value"])
            entry["index"] = block.indices.get(node.node_id, entry["index"])
        entries.append(entry)
    if odd:
        repairs.append(
            f"{odd:,} features took their index from the id, which `feature` contradicts"
        )
    places = list(range(len(entries)))
    if block is not None:
        entries += [dict(hidden) for hidden in block.hidden_nodes]
        places += [-1] * len(block.hidden_nodes)
    return entries, places


def announces_pairs(metadata: Mapping[str, Any]) -> bool:
    """Whether the file says that its `feature` numbers are Cantor's."""
    details = metadata.get("feature_details")
    return metadata.get("schema_version") == 1 or (
        isinstance(details, dict) and bool(details.get("neuronpedia_source_set"))
    )


def node_entry(node: FileNode, paired: bool) -> dict[str, Any]:
    """One node of the file as a row of the table; raises GraphFormatError for unknown kinds."""
    where = f"node {node.node_id}"
    if node.kind not in KINDS:
        raise GraphFormatError(
            where,
            f"one of the kinds {', '.join(KINDS)}",
            node.kind,
            "attention features and biases of other engines cannot be held yet",
        )
    kind = KINDS[node.kind]
    entry: dict[str, Any] = {"kind": int(kind), "layer": -1, "position": node.position}
    entry |= {"index": 0, "value": 0.0, "label": ""}
    if kind in (NodeKind.FEATURE, NodeKind.ERROR):
        check(node.layer is not None, f"{where}.layer", "a layer", "E")
        entry["layer"] = small_integer(node.layer, f"{where}.layer", NODE_DTYPES["layer"])
    if kind == NodeKind.FEATURE:
        index = feature_index(node.node_id, entry["layer"], node.feature, paired)
        check(index is not None, where, "an id or `feature` that tells the index", node.feature)
        entry |= {"index": index, "value": node.activation, "label": node.label}
    elif kind == NodeKind.TOKEN:
        match = TOKEN_ID.fullmatch(node.node_id)
        entry["index"] = int(match["index"]) if match else -1
    elif kind == NodeKind.LOGIT:
        check(node.feature is not None, f"{where}.feature", "a vocabulary id", None)
        entry |= {"index": node.feature, "value": logit_probability(node)}
        entry["label"] = logit_token(node.label)
    entry["index"] = small_integer(entry["index"], where, NODE_DTYPES["index"])
    return entry


def logit_probability(node: FileNode) -> float:
    """A logit's probability, from its field or else from its label."""
    match = PROBABILITY.search(node.label)
    if node.probability or not match:
        return node.probability
    try:
        return float(match[1])
    except ValueError:
        return 0.0


def logit_token(label: str) -> str:
    """The token in a logit's label: what stands in its outer quotes, or else the whole label."""
    text = PROBABILITY.sub("", label)
    match = DOUBLE_QUOTED.search(text) or SINGLE_QUOTED.search(text)
    return match[1] if match else text.strip()


def canonical_order(entries: Sequence[Mapping[str, Any]]) -> list[int]:
    """The places of the entries in the order of a node table; logits stay as the file has them."""

    def key(place: int) -> tuple[int, ...]:
        entry = entries[place]
        if entry["kind"] in (NodeKind.FEATURE, NodeKind.ERROR):
            return (entry["kind"], entry["layer"], entry["position"], entry["index"])
        return (entry["kind"],)

    return sorted(range(len(entries)), key=key)


def table_of(entries: Sequence[Mapping[str, Any]]) -> NodeTable:
    """The table whose rows these are."""
    columns = {
        name: np.array([entry[name] for entry in entries], dtype)
        for name, dtype in NODE_DTYPES.items()
    }
    return NodeTable(**columns, label=tuple(entry["label"] for entry in entries))
