"""The attribution graph of one prompt: what each feature and each logit is made of.

The weights are those of the local replacement model of Ameisen et al. 2025 ("Circuit Tracing"):
attention patterns and norm scales are fixed, MLPs are replaced by transcoder features and errors.
What the published graphs leave out stands in nodes of its own (biases, position embeddings, the
MLPs of the first token, features that were not traced), so that every row sums to what it
explains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float64, Int, Int64

from atlas.errors import BadInput, ModelError
from atlas.graphs.graph import AttributionGraph
from atlas.methods.attribution.chunks import CHUNK_BYTES, ChunkLimits
from atlas.methods.attribution.explain import explain
from atlas.methods.attribution.explained import Explained
from atlas.methods.attribution.freeze_prompt import freeze_prompt, prompt_text
from atlas.methods.attribution.graph_header import Origin
from atlas.methods.attribution.graph_of_rows import graph_of_rows
from atlas.methods.attribution.ranking import fewest_to_reach
from atlas.methods.attribution.targets import SalientTokens, Target
from atlas.methods.attribution.traced_rows import TracedRows, Tracer
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel
from atlas.models.replacement import FrozenPass
from atlas.models.split_errors import split_errors

Progress = Callable[[int, int], None]
"""Called with (rows done, rows in all)."""


@dataclass(frozen=True)
class AttributionSettings:
    """What to trace, and in what portions."""

    method: ClassVar[str] = "attribute"
    target: Target = SalientTokens()
    max_feature_nodes: int | None = 7500  # features that get a row; None: all active ones
    # Share of the influence on the logits, 0 to 1, that may end at features without a row; rows
    # are added until less does or `max_feature_nodes` have one. None: until they have.
    until: float | None = None
    rows_per_step: int = 1024  # rows between two rankings; smaller follows influence more closely
    rows_per_chunk: int = 384  # rows swept together; memory grows with rows × positions × d_model
    # Bytes that a chunk's gradients and weights may take: of a long prompt it has fewer rows, down
    # to 16. Results differ by rounding only.
    chunk_bytes: int = CHUNK_BYTES
    # Share of each row's absolute sum over features, errors and tokens that is kept, above 0 and
    # up to 1. The smallest weights are given up as soon as a row is computed, which saves memory;
    # `atlas.graphs.given_up` bounds what that changes.
    keep: float = 1.0
    split_errors: bool = False  # in a mixture of experts, an error node for each chosen expert

    def __post_init__(self) -> None:
        for name in ("max_feature_nodes", "rows_per_step", "rows_per_chunk", "chunk_bytes"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise BadInput(f"settings: {name}", "at least 1", str(value))
        if self.until is not None and not 0 <= self.until < 1:
            raise BadInput("settings: until", "a share from 0 to below 1", str(self.until))
        if not 0 < self.keep <= 1:
            raise BadInput("settings: keep", "a share above 0 and up to 1", str(self.keep))


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
    if len(frozen.features) == 0 and frozen.length > frozen.zero_positions:
        raise ModelError(
            f"dictionary {dictionary.name}",
            "at least one active feature on this prompt",
            "none",
            f"check that it was trained for {model.name}",
        )
    if settings.split_errors:
        frozen = split_errors(frozen)
    targets = explain(frozen, settings.target)
    rows = _trace(frozen, targets, settings, progress)
    return graph_of_rows(frozen, targets, rows, Origin(prompt_text(model, prompt), settings))


def _trace(
    frozen: FrozenPass,
    targets: Explained,
    settings: AttributionSettings,
    progress: Progress | None,
) -> TracedRows:
    """The rows of the targets and of the features that the settings ask for."""
    active = len(frozen.features)
    wanted = min(settings.max_feature_nodes or active, active)
    limits = ChunkLimits(settings.rows_per_chunk, settings.chunk_bytes)
    tracer = Tracer(frozen, targets, limits, settings.keep)
    tracer.trace_targets()
    while len(tracer.traced) < wanted:
        if progress is not None:
            progress(len(tracer.traced) + len(targets), wanted + len(targets))
        if wanted == active and settings.until is None:
            chosen = np.arange(active)
        else:
            chosen = _next_features(tracer.waiting(), wanted - len(tracer.traced), settings)
        if not len(chosen):
            break
        tracer.trace_features(chosen)
    if progress is not None:
        done = len(tracer.traced) + len(targets)
        progress(done, done)
    return tracer.rows()


def _next_features(
    waiting: Float64[np.ndarray, " feature"], most: int, settings: AttributionSettings
) -> Int[np.ndarray, " chosen"]:
    """The most influential features that wait for a row, none if what waits is little enough."""
    count = min(settings.rows_per_step, most)
    if settings.until is not None:
        needed = fewest_to_reach(settings.until, waiting)
        # Whole chunks: a sweep of a few rows takes nearly as long.
        portion = max(needed, settings.rows_per_chunk) if needed else 0
        count = min(count, portion, int(np.count_nonzero(waiting > 0)))
    return np.argsort(-waiting, kind="stable")[:count]
