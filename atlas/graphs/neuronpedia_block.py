"""What the shared graph format has no words for, kept in its metadata under `atlas`.

Constants, dropped mass, row totals, which features were traced, the header. Viewers ignore the
block; our reader restores the graph from it exactly, or sets it aside whole when another tool
has changed the graph around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from atlas.errors import GraphFormatError
from atlas.graphs.graph import AttributionGraph, GraphHeader
from atlas.graphs.neuronpedia_file import check, integer, number, text
from atlas.graphs.nodes import NODE_DTYPES, NodeKind, NodeTable

BLOCK_VERSION = 1


@dataclass(frozen=True)
class BlockRow:
    """What a row has beside its links."""

    total: float | None
    lost: float  # absolute mass dropped
    hidden: tuple[tuple[int, float], ...]  # (place in the block's nodes, weight)


@dataclass(frozen=True)
class AtlasBlock:
    """The block of one file, checked."""

    header: GraphHeader
    link_count: int
    hidden_nodes: tuple[dict[str, Any], ...]  # constants and dropped mass, as columns of a table
    rows: Mapping[str, BlockRow]  # by node id, for every node that has a row
    labels: Mapping[str, str]  # by node id
    values: Mapping[str, float]  # by node id, where a link file has no place for them
    indices: Mapping[str, int]  # by node id, where the id does not tell


def is_hidden(nodes: NodeTable) -> np.ndarray:
    """Which nodes the shared format cannot show: constants and dropped mass."""
    hidden: np.ndarray = (nodes.kind == NodeKind.CONSTANT) | (nodes.kind == NodeKind.DROPPED)
    return hidden


def block_of(graph: AttributionGraph, ids: Sequence[str]) -> dict[str, Any]:
    """The block of a graph as JSON values; `ids` are the ids that its nodes get in the file."""
    nodes = graph.nodes
    hidden = is_hidden(nodes)
    place = {int(node): place for place, node in enumerate(np.flatnonzero(hidden))}
    rows: dict[str, Any] = {}
    for row, node in enumerate(graph.row_nodes):
        begin, end = graph.rows.indptr[row : row + 2]
        pairs = zip(graph.rows.indices[begin:end], graph.rows.data[begin:end], strict=True)
        rows[ids[node]] = {
            "total": None if graph.row_totals is None else float(graph.row_totals[row]),
            "lost": float(graph.lost_mass[row]),
            "hidden": [[place[int(s)], float(w)] for s, w in pairs if hidden[s]],
        }
    shown = [int(node) for node in np.flatnonzero(~hidden)]
    carried = (nodes.kind == NodeKind.FEATURE) | (nodes.kind == NodeKind.LOGIT)
    return {
        "block_version": BLOCK_VERSION,
        "header": graph.header.to_json(),
        "link_count": int(np.count_nonzero(~hidden[graph.edges.sources])),
        "hidden_nodes": [
            {name: getattr(nodes, name)[node].item() for name in NODE_DTYPES}
            | {"label": nodes.label[node]}
            for node in np.flatnonzero(hidden)
        ],
        "rows": rows,
        "labels": {ids[node]: nodes.label[node] for node in shown if nodes.label[node]},
        "values": {
            ids[node]: float(nodes.value[node])
            for node in shown
            if nodes.value[node] and not carried[node]
        },
        "indices": {
            ids[node]: int(nodes.index[node])
            for node in shown
            if nodes.kind[node] == NodeKind.ERROR and nodes.index[node]
        },
    }


def read_block(values: Any, where: str) -> AtlasBlock:
    """The block in a file's metadata; raises GraphFormatError if it is not as we write it."""
    check(isinstance(values, dict), where, "an object", values)
    version = values.get("block_version")
    check(version == BLOCK_VERSION, f"{where}.block_version", str(BLOCK_VERSION), version)
    for name in ("header", "rows", "labels", "values", "indices"):
        check(isinstance(values.get(name), dict), f"{where}.{name}", "an object", values.get(name))
    hidden = values.get("hidden_nodes")
    check(isinstance(hidden, list), f"{where}.hidden_nodes", "a list", hidden)
    hidden_nodes = tuple(read_hidden(node, f"{where}.hidden_nodes") for node in hidden)
    kinds = [node["kind"] for node in hidden_nodes]
    check(kinds == sorted(kinds), f"{where}.hidden_nodes", "constants before dropped mass", kinds)
    return AtlasBlock(
        header=GraphHeader.from_json(values["header"]),
        link_count=integer(values.get("link_count"), f"{where}.link_count"),
        hidden_nodes=hidden_nodes,
        rows={
            name: read_row(row, f"{where}.rows.{name}", len(hidden))
            for name, row in values["rows"].items()
        },
        labels={name: text(label, f"{where}.labels") for name, label in values["labels"].items()},
        values={name: number(value, f"{where}.values") for name, value in values["values"].items()},
        indices={
            name: small_integer(index, f"{where}.indices", np.dtype(np.int32))
            for name, index in values["indices"].items()
        },
    )


def read_hidden(values: Any, where: str) -> dict[str, Any]:
    """One constant or the dropped node."""
    check(isinstance(values, dict), where, "objects", values)
    node: dict[str, Any] = {"label": text(values.get("label"), f"{where}.label")}
    for name, dtype in NODE_DTYPES.items():
        if dtype.kind == "i":
            node[name] = small_integer(values.get(name), f"{where}.{name}", dtype)
        else:
            node[name] = number(values.get(name), f"{where}.{name}")
    kinds = (NodeKind.CONSTANT, NodeKind.DROPPED)
    check(node["kind"] in kinds, f"{where}.kind", "a constant or dropped mass", node["kind"])
    return node


def read_row(values: Any, where: str, hidden_count: int) -> BlockRow:
    """One row's total, lost mass and hidden sources."""
    check(isinstance(values, dict), where, "an object", values)
    total = values.get("total")
    hidden = values.get("hidden")
    check(isinstance(hidden, list), f"{where}.hidden", "a list", hidden)
    pairs = []
    for item in hidden:
        check(isinstance(item, list) and len(item) == 2, f"{where}.hidden", "pairs", item)
        place = integer(item[0], f"{where}.hidden")
        check(0 <= place < hidden_count, f"{where}.hidden", f"places below {hidden_count}", place)
        pairs.append((place, number(item[1], f"{where}.hidden")))
    return BlockRow(
        total=None if total is None else number(total, f"{where}.total"),
        lost=number(values.get("lost"), f"{where}.lost"),
        hidden=tuple(pairs),
    )


def small_integer(value: Any, where: str, dtype: np.dtype[Any]) -> int:
    """A whole number that fits a column's dtype."""
    found = integer(value, where)
    limits = np.iinfo(dtype)
    if not limits.min <= found <= limits.max:
        raise GraphFormatError(where, f"a number within {dtype}", str(found))
    return found
