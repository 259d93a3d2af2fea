"""The graph file that the explorer in the browser reads: everything of a graph, as typed arrays.

    8 bytes   ATLASGR1
    4 bytes   length of the header, little-endian; then 4 bytes of zeros
    header    JSON in UTF-8, padded with spaces to a multiple of 8 bytes
    arrays    little-endian, each at a multiple of 8 bytes: the header's `arrays` says where

Packed with gzip, because static hosts do not pack files whose kind they do not know. Rows are as
in the graph: a target's weights by source, and what the row lost. Of `columns`, each row has its
first source and then the steps to the next, which packs better.
"""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Int
from scipy.sparse import csr_array

from atlas.errors import GraphFormatError
from atlas.graphs.graph import CONSTANTS, AttributionGraph, NodeKind
from site_builder.part_nodes import other_targets

MAGIC = b"ATLASGR1"
VERSION = 1
ALIGNMENT = 8  # bytes: a multiple of every item's size
NAMES = {
    "u1": "uint8",
    "u2": "uint16",
    "u4": "uint32",
    "i2": "int16",
    "i4": "int32",
    "f4": "float32",
}


def viewer_bytes(graph: AttributionGraph, about: Mapping[str, Any]) -> bytes:
    """The file of a graph; `about` is what the header says beyond the graph itself.

    Equal content gives equal bytes. Raises GraphFormatError if `about` is no JSON.
    """
    arrays = viewer_arrays(graph)
    places, offset = {}, 0
    for name, array in arrays.items():
        kind = NAMES[array.dtype.str[1:]]
        places[name] = {"type": kind, "offset": offset, "length": len(array)}
        offset += padded(array.nbytes)
    header = {
        "format": "llm-circuits-atlas viewer graph",
        "version": VERSION,
        "model": graph.header.model,
        "dictionary": graph.header.dictionary,
        "prompt": graph.header.prompt,
        "tokens": list(graph.header.tokens),
        "labels": node_labels(graph),
        "other_targets": other_targets(graph),
        **about,
        "arrays": places,
    }
    try:
        text = json.dumps(header, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError as problem:
        raise GraphFormatError("viewer header", "JSON values", str(problem)) from problem
    written = text.encode("utf-8", "replace")
    written += b" " * (padded(len(written)) - len(written))
    blocks = [array.tobytes().ljust(padded(array.nbytes), b"\0") for array in arrays.values()]
    start = MAGIC + struct.pack("<II", len(written), 0)
    return gzip.compress(b"".join([start, written, *blocks]), 9, mtime=0)


def viewer_arrays(graph: AttributionGraph) -> dict[str, np.ndarray]:
    """The graph's columns, each in the smallest type that holds it."""
    nodes, rows = graph.nodes, graph.rows
    small = len(nodes) <= np.iinfo(np.uint16).max
    number = np.dtype("<u2") if small else np.dtype("<u4")
    return {
        "kind": nodes.kind.astype("<u1"),
        "layer": nodes.layer.astype("<i2"),
        "position": nodes.position.astype("<i4"),
        "index": nodes.index.astype("<i4"),
        "value": nodes.value.astype("<f4"),
        "row_nodes": graph.row_nodes.astype(number),
        "row_pointers": rows.indptr.astype("<u4"),
        "columns": column_steps(rows).astype(number),
        "weights": rows.data.astype("<f4"),
        "lost": graph.lost_mass.astype("<f4"),
    }


def column_steps(rows: csr_array) -> Int[np.ndarray, " edge"]:
    """Each row's first column, then the differences between neighbours."""
    steps: np.ndarray = np.diff(rows.indices, prepend=0)
    starts = rows.indptr[:-1][np.diff(rows.indptr) > 0]
    steps[starts] = rows.indices[starts]
    return steps


def node_labels(graph: AttributionGraph) -> dict[str, str]:
    """The labels of the nodes that have one: an answer's token, a constant's name."""
    labels = {}
    for node, label in enumerate(graph.nodes.label):
        if graph.nodes.kind[node] == NodeKind.CONSTANT:
            label = CONSTANTS[int(graph.nodes.index[node])].replace("_", " ")
        if label:
            labels[str(node)] = label
    return labels


def padded(length: int) -> int:
    """The next multiple of the alignment."""
    return -(-length // ALIGNMENT) * ALIGNMENT
