"""An attribution graph: what each traced feature and each logit of one prompt is made of.

A row is a target, a column a source, and a weight is in the unit of the target's
pre-activation (or demeaned logit). Only features that were traced and logits have rows, so the
matrix is rectangular and sparse. A row is closed when its weights, constants and dropped mass
included, sum to the number that it explains (`row_totals`).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int, Int32
from scipy.sparse import csr_array

from atlas.errors import GraphError, GraphFormatError
from atlas.files.whole import whole_file
from atlas.graphs.dropping import net_dropped, with_dropped_node, with_edges_dropped
from atlas.graphs.graph_checks import (
    check_dropped,
    check_edges,
    check_given_up,
    check_positions,
    check_row_nodes,
    check_row_numbers,
    check_rows,
    matrix_of,
)
from atlas.graphs.graph_file import read_arrays, write_arrays
from atlas.graphs.header import GraphHeader, header_bytes, parse_header
from atlas.graphs.nodes import CONSTANTS, NODE_DTYPES, NodeKind, NodeTable

__all__ = ["CONSTANTS", "AttributionGraph", "Edges", "GraphHeader", "NodeKind", "NodeTable"]

FILE_DTYPES: dict[str, np.dtype[Any]] = {
    f"nodes_{name}": dtype for name, dtype in NODE_DTYPES.items()
} | {
    "row_pointers": np.dtype(np.int64),
    "columns": np.dtype(np.int32),
    "weights": np.dtype(np.float32),
    "row_nodes": np.dtype(np.int32),
    "row_totals": np.dtype(np.float32),
    "row_margins": np.dtype(np.float32),
    "dropped_absolute": np.dtype(np.float32),
    "given_up": np.dtype(np.float32),
    "header": np.dtype(np.uint8),
}
OPTIONAL = ("row_totals", "row_margins", "given_up")  # numbers per row that a graph may lack


@dataclass(frozen=True, eq=False)
class Edges:
    """A graph's edges as three columns, ordered by row and then by source."""

    targets: Int[np.ndarray, " edge"]  # nodes
    sources: Int[np.ndarray, " edge"]  # nodes
    weights: Float32[np.ndarray, " edge"]


@dataclass(frozen=True, eq=False)
class AttributionGraph:
    """The nodes and weighted edges of one prompt's computation.

    Raises GraphFormatError at construction if a part has the wrong shape or dtype, a number is
    not finite, or an edge does not lead from an earlier layer and position to a later one.
    """

    nodes: NodeTable
    rows: csr_array  # float32 [row, node]; stored zeros are removed
    row_nodes: Int32[np.ndarray, " row"]  # the node of each row, ascending: features, then logits
    row_totals: Float32[np.ndarray, " row"] | None  # what the row explains; None where unknown
    header: GraphHeader
    # Sum of |weight| over the sources that a row lost: the dropped node shows only their net.
    # Left out, it is the net's size.
    dropped_absolute: Float32[np.ndarray, " row"] | None = None
    # How far a feature is from switching off, where its total alone does not tell: the distance to
    # the first value that TopK does not keep, a gate's pre-activation. 0 for logits.
    row_margins: Float32[np.ndarray, " row"] | None = None
    # The part of `dropped_absolute` that the row gave up because it was small; see `given_up`. None
    # where rows were traced whole.
    given_up: Float32[np.ndarray, " row"] | None = None

    def __post_init__(self) -> None:
        rows = csr_array(self.rows)
        check_positions(self.nodes, len(self.header.tokens))
        check_rows(rows, len(self.nodes))
        check_row_nodes(self.nodes, self.row_nodes, rows.shape[0])
        for name in OPTIONAL:
            numbers = getattr(self, name)
            if numbers is not None:
                check_row_numbers(name, numbers, rows.shape[0])
        if not rows.has_canonical_format or not rows.data.all():
            rows = rows.copy()
            rows.sum_duplicates()
            rows.eliminate_zeros()
        object.__setattr__(self, "rows", rows)
        if self.dropped_absolute is None:
            object.__setattr__(self, "dropped_absolute", net_dropped(self.nodes, rows))
        check_row_numbers("dropped_absolute", self.lost_mass, rows.shape[0])
        check_dropped(self.nodes, rows, self.lost_mass)
        if self.given_up is not None:
            check_given_up(self.given_up, self.lost_mass)
        check_edges(self.nodes, rows, self.row_nodes)

    @property
    def feature_nodes(self) -> Int[np.ndarray, " feature"]:
        """The nodes that are features, ascending."""
        return self.nodes_of(NodeKind.FEATURE)

    @property
    def logit_nodes(self) -> Int[np.ndarray, " logit"]:
        """The nodes that are logits, ascending."""
        return self.nodes_of(NodeKind.LOGIT)

    def nodes_of(self, kind: NodeKind) -> Int[np.ndarray, " some_node"]:
        """The nodes of one kind, ascending."""
        return np.flatnonzero(self.nodes.kind == kind)

    def is_token(self, logit_node: int) -> bool:
        """Whether what this node explains is a token's logit, as far as the file tells.

        Otherwise it is a difference, a feature, a direction of the stream or a router's logit.
        """
        d_vocab = self.header.provenance.get("d_vocab")
        return d_vocab is None or int(self.nodes.index[logit_node]) < d_vocab

    def answer_name(self, logit_node: int) -> str:
        """What this node explains in words, with the position where it is not the last one's."""
        label = self.nodes.label[logit_node] or str(self.nodes.index[logit_node])
        if not self.is_token(logit_node):
            return label
        position = int(self.nodes.position[logit_node])
        told = position not in (-1, len(self.header.tokens) - 1)
        return f"logit {label!r}" + f"@{position}" * told

    @cached_property
    def edges(self) -> Edges:
        """Every edge as (target node, source node, weight), ordered by row and source."""
        targets = np.repeat(self.row_nodes, np.diff(self.rows.indptr))
        return Edges(targets, self.rows.indices, self.rows.data)

    @cached_property
    def edge_rows(self) -> Int[np.ndarray, " edge"]:
        """The row of every edge, in the order of `edges`."""
        return np.repeat(np.arange(len(self.row_nodes)), np.diff(self.rows.indptr))

    @property
    def lost_mass(self) -> Float32[np.ndarray, " row"]:
        """`dropped_absolute`, which is never None once the graph is made."""
        absolute = self.dropped_absolute
        return np.zeros(len(self.row_nodes), np.float32) if absolute is None else absolute

    def row_of(self, node: int) -> int | None:
        """The row that explains a node; None for a source that was not traced."""
        row = int(np.searchsorted(self.row_nodes, node))
        return row if row < len(self.row_nodes) and self.row_nodes[row] == node else None

    def closure_gap(self) -> Float64[np.ndarray, " row"]:
        """Per row, the sum of its weights minus the number it explains; 0 where it is closed.

        Unit: that of the row's target. Raises GraphError if the totals are unknown.
        """
        if self.row_totals is None:
            raise GraphError(
                "closure gap",
                "a graph whose row totals are known",
                "a graph without them",
                "graphs imported from other tools have none: trace the prompt again",
            )
        weights = self.edges.weights.astype(np.float64)
        sums = np.bincount(self.edge_rows, weights, len(self.row_nodes))
        return sums - self.row_totals.astype(np.float64)

    def subgraph(
        self,
        keep_nodes: Bool[np.ndarray, " node"],
        keep_edges: Bool[np.ndarray, " edge"] | None = None,
    ) -> AttributionGraph:
        """The graph of these nodes and edges; what a row loses goes to its dropped mass.

        `keep_edges` follows the order of `edges`. Rows stay closed: the net of a row's lost
        weights is added to the dropped node, their absolute sum to `dropped_absolute`. The
        dropped node itself is always kept, and made where something is lost and there is none.
        """
        is_dropped = self.nodes.kind == NodeKind.DROPPED
        keep = keep_nodes | is_dropped
        keep_row = keep[self.row_nodes]
        # Rows first: a pruned graph has few of them, and only their edges can lose anything.
        rows = self.rows[np.flatnonzero(keep_row)]
        kept = keep[rows.indices]
        if keep_edges is not None:
            kept &= keep_edges[np.repeat(keep_row, np.diff(self.rows.indptr))]
        kept |= is_dropped[rows.indices]
        nodes, absolute = self.nodes, self.lost_mass[keep_row]
        if not kept.all():
            nodes = with_dropped_node(nodes)
            if len(nodes) > len(keep):
                place = int(np.flatnonzero(nodes.kind == NodeKind.DROPPED)[0])
                keep = np.insert(keep, place, True)
            rows, lost = with_edges_dropped(rows, kept, nodes)
            absolute = (absolute + lost).astype(np.float32)
        # A new dropped node stands before the logits, which move up by one.
        is_logit = self.nodes.kind[self.row_nodes] == NodeKind.LOGIT
        moved = self.row_nodes + np.where(is_logit, len(nodes) - len(self.nodes), 0)
        new_node = np.cumsum(keep) - 1
        return AttributionGraph(
            nodes=nodes.take(np.flatnonzero(keep)),
            rows=rows[:, np.flatnonzero(keep)],
            row_nodes=new_node[moved[keep_row]].astype(np.int32),
            row_totals=None if self.row_totals is None else self.row_totals[keep_row],
            header=self.header,
            dropped_absolute=absolute,
            row_margins=None if self.row_margins is None else self.row_margins[keep_row],
            given_up=None if self.given_up is None else self.given_up[keep_row],
        )

    def equals(self, other: AttributionGraph) -> bool:
        """Whether nodes, edges, totals and header are the same, value by value."""
        mine, theirs = arrays_of(self), arrays_of(other)
        return mine.keys() == theirs.keys() and all(
            np.array_equal(mine[name], theirs[name]) for name in mine
        )

    def save(self, path: str | Path) -> None:
        """Write the graph as an .npz without objects, whole or not at all.

        Equal graphs give equal bytes. Raises CannotWrite.
        """
        with whole_file(Path(path)) as place:
            write_arrays(place, arrays_of(self))

    def packed(self) -> bytes:
        """The bytes of the file that `save` writes."""
        stream = io.BytesIO()
        write_arrays(stream, arrays_of(self))
        return stream.getvalue()

    @classmethod
    def load(cls, path: str | Path) -> AttributionGraph:
        """Read a graph; raises GraphFormatError if it is damaged, unsafe or no graph."""
        arrays = read_arrays(Path(path), FILE_DTYPES, optional=OPTIONAL)
        try:
            return graph_of(arrays)
        except GraphFormatError as problem:
            raise GraphFormatError(
                f"{path} {problem.where}", problem.expected, problem.found, problem.action
            ) from problem


def arrays_of(graph: AttributionGraph) -> dict[str, np.ndarray]:
    """Everything in a graph as the arrays of its file."""
    arrays = {f"nodes_{name}": getattr(graph.nodes, name) for name in NODE_DTYPES}
    arrays |= {
        "row_pointers": graph.rows.indptr,
        "columns": graph.rows.indices,
        "weights": graph.rows.data,
        "row_nodes": graph.row_nodes,
        "dropped_absolute": graph.lost_mass,
        "header": np.frombuffer(header_bytes(graph.header, graph.nodes.label), np.uint8),
    }
    optional = {name: getattr(graph, name) for name in OPTIONAL}
    arrays |= {name: array for name, array in optional.items() if array is not None}
    return {name: array.astype(FILE_DTYPES[name], copy=False) for name, array in arrays.items()}


def graph_of(arrays: dict[str, np.ndarray]) -> AttributionGraph:
    """The graph that `arrays_of` took apart; raises GraphFormatError if it is none."""
    check_lengths(arrays)
    columns = {name: arrays[f"nodes_{name}"] for name in NODE_DTYPES}
    header, labels = parse_header(arrays["header"].tobytes(), len(columns["kind"]))
    nodes = NodeTable(**columns, label=labels)
    rows = matrix_of(arrays["row_pointers"], arrays["columns"], arrays["weights"], len(nodes))
    return AttributionGraph(
        nodes,
        rows,
        arrays["row_nodes"],
        arrays.get("row_totals"),
        header,
        arrays["dropped_absolute"],
        arrays.get("row_margins"),
        arrays.get("given_up"),
    )


def check_lengths(arrays: dict[str, np.ndarray]) -> None:
    """Raise GraphFormatError unless arrays about nodes agree in length, and those about rows."""
    node_count, row_count = len(arrays["nodes_kind"]), len(arrays["row_pointers"]) - 1
    lengths = {f"nodes_{name}": node_count for name in NODE_DTYPES}
    per_row = ("row_nodes", "dropped_absolute", *OPTIONAL)
    lengths |= dict.fromkeys(per_row, row_count)
    for name, length in lengths.items():
        if name in arrays and len(arrays[name]) != length:
            raise GraphFormatError(name, f"{length} entries", str(len(arrays[name])))
