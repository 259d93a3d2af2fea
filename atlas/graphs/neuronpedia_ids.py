"""Node ids of the shared graph format: how we write them and every way in which others did.

Ours cannot collide. Older circuit-tracer files wrote an error as `0_{layer}_{position}`, which is
also feature {layer} of layer 0 at that position; so a reader must never key nodes by id alone.
"""

from __future__ import annotations

import re
from math import isqrt

from atlas.graphs.nodes import NodeKind, NodeTable

FEATURE_ID = re.compile(r"(?P<layer>\d{1,4})_(?:cro_)?(?P<index>\d{1,12})_(?P<position>\d{1,9})")
TOKEN_ID = re.compile(r"E_(?P<index>-?\d{1,12})_(?P<position>\d{1,9})")
# Old gemma-2-2b files wrote layer 23, feature 12237 as 2312237.
DECIMAL_WIDTH = 100_000
LARGEST_INDEX = 2**31 - 1


def pair(layer: int, index: int) -> int:
    """Cantor's number for (layer, index): the format's `feature` field."""
    total = layer + index
    return total * (total + 1) // 2 + index


def unpair(number: int) -> tuple[int, int]:
    """The (layer, index) that `pair` turned into this number."""
    total = (isqrt(8 * number + 1) - 1) // 2
    index = number - total * (total + 1) // 2
    return total - index, index


def feature_index(node_id: str, layer: int, feature: int | None, paired: bool) -> int | None:
    """A feature's index in its dictionary; None if neither id nor `feature` tells it.

    The id comes first, since it says the layer too. Otherwise `paired` tells whether the file
    announces Cantor numbers; a number is believed only if its layer is that of the node.
    """
    match = FEATURE_ID.fullmatch(node_id)
    if match and int(match["layer"]) == layer:
        return int(match["index"])
    if feature is None or feature < 0:
        return None
    if paired and unpair(feature)[0] == layer:
        return unpair(feature)[1]
    return feature


def spellings(layer: int, index: int) -> tuple[int, int, int]:
    """The three numbers that files write for a feature: plain, paired, decimal."""
    return index, pair(layer, index), layer * DECIMAL_WIDTH + index


def node_id(nodes: NodeTable, node: int, logit_layer: int) -> str:
    """The id that we write: unique among features, errors, tokens and logits of a graph."""
    layer, index, position = (
        int(column[node]) for column in (nodes.layer, nodes.index, nodes.position)
    )
    match NodeKind(int(nodes.kind[node])):
        case NodeKind.FEATURE:
            return f"{layer}_{index}_{position}"
        case NodeKind.ERROR:
            return f"{layer}_-1_{position}" if index <= 0 else f"{layer}_error{index}_{position}"
        case NodeKind.TOKEN:
            return f"E_{index}_{position}"
        case _:
            return f"{logit_layer}_{index}_{position}"


def display_id(nodes: NodeTable, node: int) -> str:
    """The second id that viewers show (`jsNodeId`); shared by a feature's positions."""
    layer, index, position = (
        int(column[node]) for column in (nodes.layer, nodes.index, nodes.position)
    )
    match NodeKind(int(nodes.kind[node])):
        case NodeKind.FEATURE:
            return f"{layer}_{index}-0"
        case NodeKind.ERROR:
            return f"{layer}_error_{position}-0"
        case NodeKind.TOKEN:
            return f"E_{index}-{position}"
        case _:
            return f"L_{index}-{position}"
