"""A made-up attribution graph with a planted circuit, for pages to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.sparse import csr_array

from atlas.graphs.graph import CONSTANTS, AttributionGraph, GraphHeader, NodeKind, NodeTable

LAYERS = 6


def example_graph(
    tokens: Sequence[str],
    planted: Sequence[tuple[int, int, int]],
    links: Mapping[tuple[int, int], float],
    answers: Sequence[tuple[str, float]],
    seed: int = 0,
    extra: int = 60,
    noise: float = 0.06,
) -> AttributionGraph:
    """A graph whose planted features (layer, position, index) have strong links of given weight.

    `links` maps (number of source, number of target) to a weight, in the order of `planted`;
    the target number len(planted) stands for the first answer.
    """
    rng = np.random.default_rng(seed)
    count = len(tokens)
    places = {(layer, position, index) for layer, position, index in planted}
    while len(places) < len(planted) + extra:
        places.add(
            (int(rng.integers(LAYERS)), int(rng.integers(1, count)), int(rng.integers(1024)))
        )
    features = sorted(places)
    errors = [(layer, position) for layer in range(LAYERS) for position in range(1, count)]
    columns: dict[str, list] = {
        "kind": [],
        "layer": [],
        "position": [],
        "index": [],
        "value": [],
        "label": [],
    }

    def add(kind, layer, position, index, value, label=""):
        for name, each in zip(columns, (kind, layer, position, index, value, label), strict=True):
            columns[name].append(each)

    for layer, position, index in features:
        add(NodeKind.FEATURE, layer, position, index, rng.uniform(0.5, 6))
    for layer, position in errors:
        add(NodeKind.ERROR, layer, position, 0, 0)
    for position in range(count):
        add(NodeKind.TOKEN, -1, position, position + 3, 0)
    for code in range(3):
        add(NodeKind.CONSTANT, -1, -1, code, 0, CONSTANTS[code])
    for number, (label, probability) in enumerate(answers):
        add(NodeKind.LOGIT, -1, count - 1, 500 + number, probability, label)
    kinds = np.array(columns["kind"])
    order = np.array(columns["layer"])
    order = np.where(kinds == NodeKind.LOGIT, LAYERS, order)
    position = np.array(columns["position"])
    targets = np.flatnonzero((kinds == NodeKind.FEATURE) | (kinds == NodeKind.LOGIT))
    size = len(kinds)
    dense = np.zeros((len(targets), size), dtype=np.float32)
    number_of = {place: node for node, place in enumerate(features)}
    for row, target in enumerate(targets):
        allowed = (order < order[target]) & (position <= position[target])
        allowed &= kinds != NodeKind.LOGIT
        chosen = allowed & (rng.random(size) < 0.35)
        chosen |= allowed & (kinds >= NodeKind.TOKEN) & (kinds <= NodeKind.CONSTANT)
        scale = np.where(kinds[chosen] == NodeKind.ERROR, noise / 3, noise)
        dense[row, chosen] = rng.normal(0, 1, chosen.sum()) * scale
    row_of = {int(target): row for row, target in enumerate(targets)}
    first_answer = int(np.flatnonzero(kinds == NodeKind.LOGIT)[0])
    for (source, target), weight in links.items():
        node = first_answer if target == len(planted) else number_of[tuple(planted[target])]
        dense[row_of[node], number_of[tuple(planted[source])]] = weight
    for place in planted:  # what the planted features read from their own token
        token = int(np.flatnonzero((kinds == NodeKind.TOKEN) & (position == place[1]))[0])
        dense[row_of[number_of[tuple(place)]], token] = 0.8 if place[0] < 2 else 0.2
    rows = csr_array(dense)
    nodes = NodeTable(
        kind=kinds.astype(np.int8),
        layer=np.array(columns["layer"], dtype=np.int16),
        position=position.astype(np.int32),
        index=np.array(columns["index"], dtype=np.int32),
        value=np.array(columns["value"], dtype=np.float32),
        label=tuple(columns["label"]),
    )
    header = GraphHeader("microworld", "transcoders", " ".join(tokens[1:]), tuple(tokens))
    totals = np.asarray(rows.sum(axis=1)).reshape(-1).astype(np.float32)
    return AttributionGraph(nodes, rows, targets.astype(np.int32), totals, header)
