"""Which features to trace next: those that move the logits most, as far as the rows so far tell.

The published order (Ameisen et al. 2025, appendix on computing graphs): after every step, rank
the untraced features by their influence in the graph of the rows computed so far.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array

from atlas.graphs.influence import AbsoluteRows, pass_down


def most_influential(
    rows: csr_array,
    row_layers: Int[np.ndarray, " row"],
    row_nodes: Int[np.ndarray, " row"],
    logit_weights: Float[np.ndarray, " logit"],
) -> Float[np.ndarray, " source"]:
    """The influence of every source column, given the rows computed so far.

    Rows are ordered by layer, logits last; `row_nodes` are the columns of the rows' own features,
    and for the logits the numbers after the last column.
    """
    sources = rows.shape[1]
    absolute = np.abs(rows.data)
    output = np.zeros(sources + len(logit_weights))
    output[sources:] = logit_weights
    starts = np.concatenate([[0], np.flatnonzero(np.diff(row_layers)) + 1, [len(row_layers)]])
    edges = AbsoluteRows(
        pointers=rows.indptr,
        sources=rows.indices,
        absolute=absolute,
        row_nodes=row_nodes,
        row_sums=np.asarray(abs(rows).sum(axis=1), dtype=np.float64).reshape(-1),
        layer_starts=starts,
    )
    arrived: np.ndarray = pass_down(edges, output)[:sources]
    return arrived
