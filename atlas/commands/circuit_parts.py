"""What a graph says about a circuit's parts together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from atlas.entries.library import Library
from atlas.errors import BadInput, GraphError
from atlas.graphs.circuit_completeness import circuit_completeness
from atlas.graphs.graph import AttributionGraph
from site_builder.part_nodes import part_nodes


def parts_of_circuit(
    graph: AttributionGraph, circuit_id: str, library: Path | None
) -> dict[str, Int[np.ndarray, " _node"]]:
    """The nodes of a circuit's parts in the graph of one of its prompts.

    Raises:
        BrokenReference: the library has no such circuit.
        BadInput: the circuit has no prompt with the graph's text.
    """
    opened = Library.open(library)
    circuit = opened.circuits.find(circuit_id)
    rows = [row for row in opened.prompts(circuit) if row.text == graph.header.prompt]
    if not rows:
        expected = f"the graph of a prompt of {circuit_id}"
        raise BadInput("--circuit", expected, repr(graph.header.prompt[:80]))
    return part_nodes(graph, circuit, rows[0])


def completeness_or_reason(
    graph: AttributionGraph, parts: Mapping[str, Int[np.ndarray, " _node"]]
) -> dict[str, Any] | str:
    """How completely the parts stand for all features, or why that cannot be said."""
    try:
        return asdict(circuit_completeness(graph, parts))
    except GraphError as problem:
        return str(problem)
