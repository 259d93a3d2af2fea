"""The rows of a prompt's graph, computed portion by portion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int
from scipy.sparse import csr_array, vstack
from torch import Tensor

from atlas.methods.attribution.columns import Columns
from atlas.methods.attribution.explained import Explained
from atlas.methods.attribution.ranking import influence_on_sources
from atlas.methods.attribution.sweep import Sweep, Targets, before_mlp
from atlas.models.replacement import FrozenPass


@dataclass(frozen=True, eq=False)
class TracedRows:
    """The rows that were computed: features by column, then targets."""

    features: Int[np.ndarray, " traced"]  # the columns of the features that have a row
    weights: csr_array  # float32 [row, column]
    columns: Columns
    unvisited_mass: float  # share of the influence that ends at features without a row, 0 to 1


class Tracer:
    """Computes rows of one prompt, keeps them as sparse blocks, and says what waits for a row."""

    def __init__(self, frozen: FrozenPass, explained: Explained, rows_per_chunk: int) -> None:
        self.frozen = frozen
        self.explained = explained
        self.rows_per_chunk = rows_per_chunk
        self.columns = Columns.of(frozen)
        self.sweep = Sweep(frozen)
        self.traced: Int[np.ndarray, " traced"] = np.zeros(0, dtype=np.int64)
        self.feature_blocks: list[csr_array] = []
        self.target_block = csr_array((0, self.columns.count), dtype=np.float32)

    def trace_targets(self) -> None:
        """Compute the rows of what the graph explains."""
        reading = self.explained.reading
        order, block = self._sparse_rows(reading.targets, reading.constants)
        self.target_block = block[np.argsort(order, kind="stable")]

    def trace_features(self, chosen: Int[np.ndarray, " chosen"]) -> None:
        """Compute the rows of some features, given as columns."""
        frozen = self.frozen
        columns = torch.from_numpy(chosen).to(frozen.ids.device)
        targets = Targets(
            before_mlp(frozen.features.layer[columns], frozen.model),
            frozen.features.position[columns],
            frozen.encoder_gradients(columns),
        )
        constants = {
            "encoder_bias": frozen.encoder_bias(columns),
            "norm_bias": frozen.encoder_norm_bias(columns),
        }
        order, block = self._sparse_rows(targets, constants)
        self.feature_blocks.append(block)
        self.traced = np.concatenate([self.traced, chosen[order]])

    def waiting(self) -> Float64[np.ndarray, " feature"]:
        """The share of the influence that ends at each feature without a row; -1 on the others.

        See `ranking`: a feature of influence 0 is no part of the graph so far, but may be of it
        once others have rows.
        """
        return self._waiting(*self._in_order())

    def _waiting(
        self, features: Int[np.ndarray, " traced"], weights: csr_array
    ) -> Float64[np.ndarray, " feature"]:
        waiting = np.full(self.columns.features, -1.0)
        if len(features) == self.columns.features:
            return waiting
        layers = self.frozen.features.layer.cpu().numpy()[features]
        above_all = np.full(len(self.explained), self.frozen.model.layers)
        # Constants are no part of the published sum.
        first_constant = self.columns.first_constant
        probability = np.asarray(self.explained.probability)
        influence = influence_on_sources(
            weights[:, :first_constant],
            np.concatenate([layers, above_all]),
            np.concatenate([features, first_constant + np.arange(len(above_all))]),
            probability,
        )[: self.columns.features]
        untraced = np.setdiff1d(np.arange(self.columns.features), features)
        waiting[untraced] = influence[untraced] / max(probability.sum(), SMALLEST_PROBABILITY)
        return waiting

    def rows(self) -> TracedRows:
        """All rows so far: features by column, then targets."""
        features, weights = self._in_order()
        mass = float(np.maximum(self._waiting(features, weights), 0).sum())
        return TracedRows(features, weights, self.columns, min(mass, 1.0))

    def _in_order(self) -> tuple[Int[np.ndarray, " traced"], csr_array]:
        """The features with a row by column, and their rows followed by those of the targets."""
        blocks = [*self.feature_blocks, self.target_block]
        order = np.argsort(self.traced, kind="stable")
        below = len(order) + np.arange(len(self.explained))
        return self.traced[order], vstack(blocks, format="csr")[np.concatenate([order, below])]

    def _sparse_rows(
        self, targets: Targets, constants: Mapping[str, Tensor]
    ) -> tuple[Int[np.ndarray, " row"], csr_array]:
        """The rows in the order of the sweep, after which of the targets each is."""
        blocks, order = [], []
        for rows, weights in self.sweep.weights(targets, self.rows_per_chunk):
            for name, values in constants.items():
                weights[:, self.columns.constant(name)] += values[rows]
            blocks.append(_sparse(weights.float().cpu().numpy()))
            order.append(rows.cpu().numpy())
        return np.concatenate(order), vstack(blocks, format="csr")


SMALLEST_PROBABILITY = 1e-30
"""Stands for the sum of the probabilities where all are 0, as of given tokens that are absurd."""


def _sparse(dense: Float32[np.ndarray, "row column"]) -> csr_array:
    """The array without its zeros; several times faster than scipy's own conversion."""
    filled = np.flatnonzero(dense)
    row, column = np.divmod(filled, dense.shape[1])
    pointers = np.searchsorted(row, np.arange(len(dense) + 1))
    return csr_array((dense.reshape(-1)[filled], column, pointers), shape=dense.shape)
