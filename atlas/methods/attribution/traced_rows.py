"""The rows of a prompt's graph, computed portion by portion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int
from torch import Tensor

from atlas.methods.attribution.chunks import ChunkLimits
from atlas.methods.attribution.columns import Columns
from atlas.methods.attribution.explained import Explained
from atlas.methods.attribution.ranking import influence_on_sources
from atlas.methods.attribution.row_store import RowStore, SparseRows
from atlas.methods.attribution.row_targets import Targets, before_mlp
from atlas.methods.attribution.sweep import Sweep
from atlas.models.replacement import FrozenPass


@dataclass(frozen=True, eq=False)
class TracedRows:
    """The rows that were computed: features by column, then targets."""

    features: Int[np.ndarray, " traced"]  # the columns of the features that have a row
    columns: Columns
    store: RowStore
    unvisited_mass: float  # share of the influence that ends at features without a row, 0 to 1


class Tracer:
    """Computes rows of one prompt, keeps them sparse, and says what waits for a row.

    What waits is ranked by the rows as they are kept, so without the weights that they gave up.
    """

    def __init__(
        self, frozen: FrozenPass, explained: Explained, limits: ChunkLimits, keep: float
    ) -> None:
        self.frozen = frozen
        self.explained = explained
        self.limits = limits
        self.columns = Columns.of(frozen)
        self.sweep = Sweep(frozen)
        self.traced: Int[np.ndarray, " traced"] = np.zeros(0, dtype=np.int64)
        self.store = RowStore(frozen.model.layers, self.columns, keep)

    def trace_targets(self) -> None:
        """Compute the rows of what the graph explains."""
        reading = self.explained.reading
        above_all = np.full(len(self.explained), self.frozen.model.layers)
        numbers = np.arange(len(self.explained))
        self._compute(reading.targets, reading.constants, numbers, above_all)

    def trace_features(self, chosen: Int[np.ndarray, " chosen"]) -> None:
        """Compute the rows of some features, given as columns."""
        frozen = self.frozen
        columns = torch.from_numpy(chosen).to(frozen.ids.device)
        layer = frozen.features.layer[columns]
        targets = Targets(
            before_mlp(layer, frozen.model),
            frozen.features.position[columns],
            frozen.encoder_gradients(columns),
        )
        constants = {
            "encoder_bias": frozen.encoder_bias(columns),
            "norm_bias": frozen.encoder_norm_bias(columns),
        }
        self._compute(targets, constants, chosen, layer.cpu().numpy())
        self.traced = np.concatenate([self.traced, chosen])

    def waiting(self) -> Float64[np.ndarray, " feature"]:
        """The share of the influence that ends at each feature without a row; -1 on the others.

        See `ranking`: a feature of influence 0 is no part of the graph so far, but may be of it
        once others have rows.
        """
        waiting = np.full(self.columns.features, -1.0)
        if len(self.traced) == self.columns.features:
            return waiting
        probability = np.asarray(self.explained.probability)
        influence = influence_on_sources(
            self._from_above(), probability, self.columns.first_constant
        )[: self.columns.features]
        untraced = np.setdiff1d(np.arange(self.columns.features), self.traced)
        waiting[untraced] = influence[untraced] / max(probability.sum(), SMALLEST_PROBABILITY)
        return waiting

    def _from_above(self) -> Iterator[SparseRows]:
        for layer in reversed(range(self.frozen.model.layers + 1)):
            rows = self.store.of_layer(layer)
            if rows is not None:
                yield rows

    def rows(self) -> TracedRows:
        """All rows so far: features by column, then targets."""
        mass = float(np.maximum(self.waiting(), 0).sum())
        return TracedRows(np.sort(self.traced), self.columns, self.store, min(mass, 1.0))

    def _compute(
        self,
        targets: Targets,
        constants: Mapping[str, Tensor],
        members: Int[np.ndarray, " row"],
        layer: Int[np.ndarray, " row"],
    ) -> None:
        """Sweep these rows and store them chunk by chunk."""
        for rows, weights in self.sweep.weights(targets, self.limits):
            for name, values in constants.items():
                weights[:, self.columns.constant(name)] += values[rows]
            chosen = rows.cpu().numpy()
            self.store.add(layer[chosen], members[chosen], weights.float().cpu().numpy())


SMALLEST_PROBABILITY = 1e-30
"""Stands for the sum of the probabilities where all are 0, as of given tokens that are absurd."""
