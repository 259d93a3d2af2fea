"""Which way edges of a graph went: through which head, through a skip connection, or directly.

A path leaves its source along the residual stream until something reads it there. The edge is the
sum over what reads it first, so the ways of an edge sum to its weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64


@dataclass(frozen=True, eq=False)
class HeadLoadings:
    """Some edges, each split by the first step after its source; units of the edge's target."""

    targets: Int64[np.ndarray, " edge"]  # nodes of the graph
    sources: Int64[np.ndarray, " edge"]
    weights: Float64[np.ndarray, " edge"]
    heads: Float64[np.ndarray, "edge layer head"]
    skips: Float64[np.ndarray, "edge layer"]  # the skip connection of a layer's dictionary
    direct: Float64[np.ndarray, " edge"]  # read by the target itself, at its own position

    def gap(self) -> Float64[np.ndarray, " edge"]:
        """Per edge, the sum of its ways minus its weight."""
        ways = self.heads.sum(axis=(1, 2)) + self.skips.sum(axis=1) + self.direct
        gap: Float64[np.ndarray, " edge"] = ways - self.weights
        return gap

    def strongest_heads(self, edge: int, most: int) -> list[tuple[int, int, float]]:
        """The heads that carry most of one edge, as (layer, head, part of the weight)."""
        flat = self.heads[edge].reshape(-1)
        order = np.argsort(-np.abs(flat), kind="stable")[:most]
        per_layer = self.heads.shape[2]
        return [(*divmod(int(at), per_layer), float(flat[at])) for at in order if flat[at] != 0]

    def table(self, most: int) -> list[list[Any]]:
        """Every edge as [source, target, direct, skips, other heads, [layer, head, part] …].

        At most so many heads stand by themselves; the parts of a row sum to the edge's weight.
        """
        rows = []
        for edge in range(len(self.weights)):
            named = self.strongest_heads(edge, most)
            skips = float(self.skips[edge].sum())
            others = float(self.heads[edge].sum()) - sum(part for _, _, part in named)
            ends = [int(self.sources[edge]), int(self.targets[edge])]
            parts = [float(self.direct[edge]), skips, others]
            rows.append([*ends, *parts, *(list(one) for one in named)])
        return rows

    def values(self, edge: int) -> dict[str, Any]:
        """One edge as JSON values; heads that carry nothing are left out."""
        return {
            "target": int(self.targets[edge]),
            "source": int(self.sources[edge]),
            "weight": float(self.weights[edge]),
            "direct": float(self.direct[edge]),
            "skips": self.skips[edge].tolist(),
            "heads": [list(one) for one in self.strongest_heads(edge, self.heads[edge].size)],
        }
