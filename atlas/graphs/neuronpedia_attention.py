"""Attention scores in the shared graph format: its fields for QK tracing.

The format ties them to attention features. Ours are about heads, so each score gets a node of that
type for its head, without links, and the node's `qk_tracing_results`. Sources that are no nodes of
the graph are described under `qk_only_nodes`. What the format has no words for (rests, the model's
own numbers) stands in our block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from atlas.errors import BadInput
from atlas.graphs.attention_json import read_score_values, score_values
from atlas.graphs.attention_score import AttentionScore
from atlas.graphs.graph import AttributionGraph
from atlas.graphs.neuronpedia_file import FileNode, GraphDocument, check
from atlas.graphs.neuronpedia_ids import display_id, node_id, pair
from atlas.graphs.nodes import NodeKind, NodeTable

HEAD_TYPE = "lorsa"  # the format's only type for attention
SOURCE_TYPES = {
    NodeKind.FEATURE: "cross layer transcoder",
    NodeKind.ERROR: "mlp reconstruction error",
    NodeKind.TOKEN: "embedding",
    NodeKind.CONSTANT: "bias",
}


@dataclass(frozen=True)
class AttentionFields:
    """What the scores of one graph add to its file."""

    nodes: list[dict[str, Any]]
    outside: dict[str, dict[str, Any]]  # the format's qk_only_nodes
    block: dict[str, Any]  # for our own block, by the id of the head's node


def attention_fields(
    graph: AttributionGraph, scores: Sequence[AttentionScore], known: set[str]
) -> AttentionFields:
    """The fields of these scores; `known` are the ids of the file's other nodes.

    Raises BadInput for a score of another prompt, or two of one place.
    """
    fields = AttentionFields([], {}, {})
    for score in scores:
        if score.tokens != graph.header.tokens:
            raise BadInput("attention score", "one of the graph's prompt", repr(score.prompt))
        name = head_id(score)
        if name in fields.block:
            raise BadInput("attention scores", "each place once", f"{name} twice")
        fields.nodes.append(head_node(score))
        fields.block[name] = score_values(score)
        for source in range(len(score.sources)):
            described = source_node(score.sources, source)
            if described["node_id"] not in known:
                fields.outside[described["node_id"]] = described
    return fields


def read_attention(
    document: GraphDocument, repairs: list[str]
) -> tuple[GraphDocument, tuple[AttentionScore, ...]]:
    """The document without the nodes of our heads, and their scores.

    A score whose published fields another tool has changed is left out, and that is reported.
    """
    block = document.metadata.get("atlas")
    listed = block.get("attention") if isinstance(block, Mapping) else None
    if listed is None:
        return document, ()
    check(isinstance(listed, dict), "metadata.atlas.attention", "an object", listed)
    heads = {node.node_id: node for node in document.nodes if node.node_id in listed}
    scores, changed = [], 0
    for name, values in listed.items():
        score = read_score_values(values, f"metadata.atlas.attention.{name}")
        if name in heads and is_unchanged(score, heads[name]):
            scores.append(score)
        else:
            changed += 1
    if changed:
        repairs.append(
            f"{changed} attention scores were changed since this atlas wrote them, and left out"
        )
    return document.without(heads.keys()), tuple(scores)


def is_unchanged(score: AttentionScore, node: FileNode) -> bool:
    """Whether a head's node says of its score what we wrote."""
    return node.node_id == head_id(score) and node.attention == tracing_results(score)


def head_id(score: AttentionScore) -> str:
    """The id of the node that stands for a head at a pair of positions."""
    place = score.place
    places = f"{place.query}_{place.key}" + (f"_{place.foil}" if place.foil is not None else "")
    return f"{place.layer}_head{place.head}_{places}"


def head_node(score: AttentionScore) -> dict[str, Any]:
    """The node of one score's head, at its query's position."""
    place = score.place
    keys = " rather than ".join(f'"{score.tokens[key.position]}"' for key in score.keys)
    return {
        "node_id": head_id(score),
        "feature": pair(place.layer, place.head),
        "layer": str(place.layer),
        "ctx_idx": place.query,
        "feature_type": HEAD_TYPE,
        "token_prob": 0.0,
        "is_target_logit": False,
        "run_idx": 0,
        "reverse_ctx_idx": 0,
        "jsNodeId": f"{place.layer}_head{place.head}-0",
        "clerp": f'Head {place.layer}.{place.head}: "{score.tokens[place.query]}" to {keys}',
        "influence": None,
        "activation": None,
        "qk_tracing_results": tracing_results(score),
    }


def tracing_results(score: AttentionScore) -> dict[str, list[list[Any]]]:
    """The published fields: the strongest pairs and each side's strongest marginals."""
    ids = [source_id(score.sources, source) for source in range(len(score.sources))]
    table, pairs = score.table, score.strongest
    return {
        "pair_wise_contributors": [
            [ids[query], ids[key], float(value)]
            for query, key, value in zip(pairs.query, pairs.key, pairs.value, strict=True)
        ],
        "top_q_marginal_contributors": [
            [ids[source], float(score.query_marginals[source])] for source in table.query
        ],
        "top_k_marginal_contributors": [
            [ids[source], float(score.key_marginals[source])] for source in table.key
        ],
    }


def source_id(sources: NodeTable, source: int) -> str:
    """A source's id: that of its node in the graph's file, and one of its own for constants."""
    if sources.kind[source] == NodeKind.CONSTANT:
        return f"bias_{sources.label[source]}"
    return node_id(sources, source, logit_layer=0)  # no source is a logit


def source_node(sources: NodeTable, source: int) -> dict[str, Any]:
    """The description of a source that is no node of the graph."""
    kind = NodeKind(int(sources.kind[source]))
    constant = kind == NodeKind.CONSTANT
    layer, index = int(sources.layer[source]), int(sources.index[source])
    words = sources.label[source].replace("_", " ") or sources.describe(source)
    return {
        "node_id": source_id(sources, source),
        "feature_type": SOURCE_TYPES[kind],
        "layer": "E" if layer < 0 else str(layer),
        "ctx_idx": max(int(sources.position[source]), 0),
        "feature": pair(layer, index) if kind == NodeKind.FEATURE else None,
        "jsNodeId": source_id(sources, source) if constant else display_id(sources, source),
        "clerp": words,
        "activation": float(sources.value[source]) if kind == NodeKind.FEATURE else None,
    }
