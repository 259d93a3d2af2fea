"""The attribution graph of one prompt: what each feature and each logit is made of.

The weights are those of the local replacement model of Ameisen et al. 2025 ("Circuit Tracing"):
attention patterns and norm scales are fixed, MLPs are replaced by transcoder features and errors.
What the published graphs leave out stands in nodes of its own (biases, position embeddings, the
MLPs of the first token, features that were not traced), so that every row sums to what it
explains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Int, Int64
from scipy.sparse import csr_array, vstack
from torch import Tensor

from atlas.errors import BadInput, ModelError
from atlas.graphs.graph import AttributionGraph
from atlas.methods.attribution.columns import Columns
from atlas.methods.attribution.freeze_prompt import freeze_prompt, prompt_text
from atlas.methods.attribution.graph_of_rows import Origin, TracedRows, graph_of_rows
from atlas.methods.attribution.ranking import most_influential
from atlas.methods.attribution.sweep import Sweep, Targets, before_mlp
from atlas.methods.attribution.targets import SalientTokens, Target, TracedLogits, traced_logits
from atlas.models.active_features import ZERO_POSITIONS
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel
from atlas.models.replacement import FrozenPass
from atlas.models.split_errors import split_errors

Progress = Callable[[int, int], None]
"""Called with (rows done, rows in all)."""


@dataclass(frozen=True)
class AttributionSettings:
    """What to trace, and in what portions."""

    target: Target = SalientTokens()
    max_feature_nodes: int | None = 7500  # features that get a row; None: all active ones
    rows_per_step: int = 1024  # rows between two rankings; smaller follows influence more closely
    rows_per_chunk: int = 384  # rows swept together; memory grows with rows × positions × d_model
    split_errors: bool = False  # in a mixture of experts, an error node for each chosen expert

    def __post_init__(self) -> None:
        for name in ("max_feature_nodes", "rows_per_step", "rows_per_chunk"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise BadInput(f"settings: {name}", "at least 1", str(value))


def attribute(
    model: LanguageModel,
    dictionary: Dictionary,
    prompt: str | Int64[np.ndarray, " position"],
    settings: AttributionSettings = AttributionSettings(),  # noqa: B008  frozen, safe to share
    progress: Progress | None = None,
) -> AttributionGraph:
    """The attribution graph of a prompt, given as text or as token ids with their first token.

    Raises:
        BadInput: an empty prompt, one longer than the context, ids outside the vocabulary; a
            target that is not there; errors to split of a model without experts.
        ModelError: a dictionary that does not replace this model's MLPs, or with no active
            feature; a target that is not one token; weights in half precision; an architecture
            whose sums do not add up (see `atlas.models.held_sums`).
    """
    frozen = freeze_prompt(model, dictionary, prompt)
    if len(frozen.features) == 0 and frozen.length > ZERO_POSITIONS:
        raise ModelError(
            f"dictionary {dictionary.name}",
            "at least one active feature on this prompt",
            "none",
            f"check that it was trained for {model.name}",
        )
    if settings.split_errors:
        frozen = split_errors(frozen)
    logits = traced_logits(frozen, settings.target)
    rows = _trace(frozen, logits, settings, progress)
    return graph_of_rows(frozen, logits, rows, Origin(prompt_text(frozen, prompt), settings))


def _trace(
    frozen: FrozenPass,
    logits: TracedLogits,
    settings: AttributionSettings,
    progress: Progress | None,
) -> TracedRows:
    """The rows of the logits and of the features that the settings ask for."""
    active = len(frozen.features)
    wanted = min(settings.max_feature_nodes or active, active)
    total = wanted + len(logits.index)
    tracer = _Tracer(frozen, logits, settings.rows_per_chunk)
    tracer.trace_logits()
    while len(tracer.traced) < wanted:
        if progress is not None:
            progress(len(tracer.traced) + len(logits.index), total)
        if wanted == active:
            chosen = np.arange(active)
        else:
            step = min(settings.rows_per_step, wanted - len(tracer.traced))
            chosen = tracer.next_features(step)
        tracer.trace_features(chosen)
    if progress is not None:
        progress(total, total)
    return tracer.rows()


class _Tracer:
    """Rows so far, as sparse blocks."""

    def __init__(self, frozen: FrozenPass, logits: TracedLogits, rows_per_chunk: int) -> None:
        self.frozen = frozen
        self.logits = logits
        self.rows_per_chunk = rows_per_chunk
        self.columns = Columns.of(frozen)
        self.sweep = Sweep(frozen)
        self.traced: Int[np.ndarray, " traced"] = np.zeros(0, dtype=np.int64)
        self.feature_blocks: list[csr_array] = []
        self.logit_block = csr_array((0, self.columns.count), dtype=np.float32)

    def trace_logits(self) -> None:
        """Compute the rows of the logits."""
        reading = self.logits.reading
        self.logit_block = self._sparse_rows(reading.targets, reading.constants)

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
        self.feature_blocks.append(self._sparse_rows(targets, constants))
        self.traced = np.concatenate([self.traced, chosen])

    def next_features(self, count: int) -> Int[np.ndarray, " chosen"]:
        """The most influential features without a row, given the rows so far."""
        rows = self.rows()
        layers = self.frozen.features.layer.cpu().numpy()[rows.features]
        logit_layer = np.full(len(self.logits.index), self.frozen.model.layers)
        included = slice(
            0, self.columns.first_constant
        )  # constants are no part of the published sum
        influence = most_influential(
            rows.weights[:, included],
            np.concatenate([layers, logit_layer]),
            np.concatenate([rows.features, included.stop + np.arange(len(logit_layer))]),
            np.asarray(self.logits.probability),
        )[: self.columns.features]
        influence[self.traced] = -1
        order = np.argsort(-influence, kind="stable")
        return order[:count]

    def rows(self) -> TracedRows:
        """All rows so far: features by column, then logits."""
        order = np.argsort(self.traced, kind="stable")
        weights = self.logit_block
        if self.feature_blocks:
            features = vstack(self.feature_blocks, format="csr")[order]
            weights = vstack([features, self.logit_block], format="csr")
        return TracedRows(self.traced[order], weights, self.columns)

    def _sparse_rows(self, targets: Targets, constants: Mapping[str, Tensor]) -> csr_array:
        blocks, order = [], []
        for rows, weights in self.sweep.weights(targets, self.rows_per_chunk):
            for name, values in constants.items():
                weights[:, self.columns.constant(name)] += values[rows]
            blocks.append(_sparse(weights.float().cpu().numpy()))
            order.append(rows.cpu().numpy())
        joined = vstack(blocks, format="csr")
        return joined[np.argsort(np.concatenate(order), kind="stable")]


def _sparse(dense: Float32[np.ndarray, "row column"]) -> csr_array:
    """The array without its zeros; several times faster than scipy's own conversion."""
    filled = np.flatnonzero(dense)
    row, column = np.divmod(filled, dense.shape[1])
    pointers = np.searchsorted(row, np.arange(len(dense) + 1))
    return csr_array((dense.reshape(-1)[filled], column, pointers), shape=dense.shape)
