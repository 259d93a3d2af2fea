"""Graphs of tiny random models: every family with every kind of dictionary and activation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from atlas.graphs.graph import NodeKind
from atlas.methods.intervene import InterventionSettings
from tests.models import tiny_models

IDS = np.array([0, 4, 8, 6, 12, 5])
DIRECT = InterventionSettings(mode="direct", record="pre_activations")


def cases():
    """Every family with every kind of dictionary and every activation function.

    In the normal run the activations rotate, so that each two of the three meet once; the other
    combinations have a make target of their own.
    """
    for family, kind, activation in product(
        tiny_models.FAMILIES, tiny_models.KINDS, tiny_models.ACTIVATIONS
    ):
        turn = tiny_models.FAMILIES.index(family) + tiny_models.KINDS.index(kind)
        rotated = tiny_models.ACTIVATIONS[turn % len(tiny_models.ACTIVATIONS)]
        marks = [] if activation == rotated else [pytest.mark.matrix]
        yield pytest.param((family, kind, activation), marks=marks)


def effects(graph, changed, base, row):
    """What a direct-effects run did to the target of each of the graph's rows."""
    nodes = graph.nodes.take(graph.row_nodes)
    difference = changed.raw_logits[row, -1] - base.raw_logits[0, -1]
    out = (difference - difference.mean()).numpy()[
        np.where(nodes.kind == NodeKind.LOGIT, nodes.index, 0)
    ]
    for layer, after in changed.features.items():
        here = (nodes.kind == NodeKind.FEATURE) & (nodes.layer == layer)
        moved = (after[row] - base.features[layer][0]).numpy()
        out[here] = moved[nodes.position[here], nodes.index[here]]
    return out
