"""The published definitions written as directly as they are stated: dense, slow, an oracle.

Nodes are features, errors, tokens and logits of a square matrix, rows are targets.
"""

from __future__ import annotations

import numpy as np

from atlas.graphs.influence import published_nodes


def square(graph):
    """(A [node, node] over published nodes and logits, w, the graph's node of each)."""
    known = np.flatnonzero(published_nodes(graph) | (graph.nodes.kind == 5))
    full = np.zeros((len(graph.nodes), len(graph.nodes)))
    full[graph.row_nodes] = graph.rows.toarray()
    output = np.where(graph.nodes.kind == 5, graph.nodes.value, 0).astype(float)
    return full[np.ix_(known, known)], output[known], known


def normalised(matrix):
    absolute = np.abs(matrix)
    return absolute / np.maximum(absolute.sum(1, keepdims=True), 1e-10)


def series(matrix, output):
    """w(Â + Â² + …), term by term until a term is zero: the matrix is nilpotent."""
    total, term = np.zeros_like(output), output @ matrix
    while term.any():
        total += term
        term = term @ matrix
    return total


def threshold(values, share):
    ordered = np.sort(values.ravel())[::-1]
    if not ordered.any():
        return np.inf
    cumulative = np.cumsum(ordered) / ordered.sum()
    # Equal amounts, as along a chain, may differ by rounding.
    return ordered[min(np.searchsorted(cumulative, share), len(ordered) - 1)] * (1 - 1e-9)


def pruned(graph, node_share, edge_share):
    """(node mask, edge mask [target, source]) over the square matrix's nodes."""
    matrix, output, known = square(graph)
    kind = graph.nodes.kind[known]
    amounts = series(normalised(matrix), output)
    nodes = (amounts >= threshold(amounts, node_share)) | (kind >= 2)
    part = normalised(np.where(nodes[:, None] & nodes[None], matrix, 0))
    scores = part * (series(part, output) + output)[:, None]
    edges = scores >= threshold(scores, edge_share)
    while True:
        before = nodes.copy()
        nodes[kind <= 1] &= edges.any(0)[kind <= 1]
        nodes[kind == 0] &= edges.any(1)[kind == 0]
        edges &= nodes[:, None] & nodes[None]
        if (before == nodes).all():
            return nodes, edges, scores


def scores(graph):
    matrix, output, known = square(graph)
    kind = graph.nodes.kind[known]
    share = normalised(matrix)
    amounts = series(share, output)
    tokens, errors = amounts[kind == 2].sum(), amounts[kind == 1].sum()
    weight = amounts + output
    error_input = share[:, kind == 1].sum(1)
    return tokens / (tokens + errors), ((1 - error_input) * weight).sum() / weight.sum()
