"""The shared graph format of Neuronpedia and circuit-tracer: one way in, one way out."""

from __future__ import annotations

from pathlib import Path

from atlas.graphs.graph import AttributionGraph
from atlas.graphs.neuronpedia_read import ImportedGraph, read_imported
from atlas.graphs.neuronpedia_write import ExportSettings, write_graph
from atlas.graphs.parts import GraphPart

__all__ = [
    "ExportSettings",
    "GraphPart",
    "ImportedGraph",
    "read_graph",
    "read_imported",
    "write_graph",
]


def read_graph(path: str | Path) -> AttributionGraph:
    """The graph in a file, sound or repaired; `read_imported` also tells what was repaired.

    Raises GraphFormatError if the file is damaged or is no acyclic graph of known nodes.
    """
    return read_imported(path).graph
