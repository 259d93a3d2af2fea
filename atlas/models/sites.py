"""The places in a transformer where values are read or written.

One vocabulary for all architectures. Only `atlas.models.language_model` knows how TransformerLens
calls these places.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from atlas.errors import ModelError


class Site(Enum):
    """A place in the forward pass; per layer unless the comment says otherwise."""

    EMBEDDING = "embedding"  # once: what enters the first layer, position embedding included
    POSITION_EMBEDDING = "position_embedding"  # once: learned positions; absent with rotary ones
    RESIDUAL_BEFORE = "residual_before"
    RESIDUAL_MIDDLE = "residual_middle"  # after attention; absent in parallel blocks
    RESIDUAL_AFTER = "residual_after"
    ATTENTION_NORM_SCALE = "attention_norm_scale"  # the norm's divisor, one per position
    QUERY_NORM_SCALE = "query_norm_scale"  # models that normalise queries and keys only
    KEY_NORM_SCALE = "key_norm_scale"
    ROTARY_COSINE = "rotary_cosine"  # models that rotate queries and keys only
    ROTARY_SINE = "rotary_sine"
    ATTENTION_SCORE = "attention_score"  # before the softmax, after a soft cap and the mask
    ATTENTION_PATTERN = "attention_pattern"
    HEAD_OUTPUT = "head_output"  # per head: pattern times values, before the output weights
    ATTENTION_POST_NORM_SCALE = "attention_post_norm_scale"  # models with post-norms only
    MLP_NORM_SCALE = "mlp_norm_scale"
    MLP_NORMALIZED = "mlp_normalized"  # RMSNorm: before the norm's weight; LayerNorm: as MLP_INPUT
    MLP_INPUT = "mlp_input"
    NEURON = "neuron"  # what the MLP's output weights read; absent where there are experts
    MLP_OUTPUT = "mlp_output"  # as the MLP returns it, before a post-norm
    MLP_POST_NORM_SCALE = "mlp_post_norm_scale"  # models with post-norms only
    MLP_WRITE = "mlp_write"  # as added to the residual stream, after a post-norm
    FINAL_NORM_SCALE = "final_norm_scale"  # once
    FINAL_NORM_OUTPUT = "final_norm_output"  # once: what the unembedding reads
    LOGITS = "logits"  # once: before a soft cap


ONCE = frozenset(
    {
        Site.EMBEDDING,
        Site.POSITION_EMBEDDING,
        Site.FINAL_NORM_SCALE,
        Site.FINAL_NORM_OUTPUT,
        Site.LOGITS,
    }
)
"""Sites that exist once per model; their layer is written as 0."""

OPTIONAL_INSIDE = frozenset(
    {
        Site.QUERY_NORM_SCALE,
        Site.KEY_NORM_SCALE,
        Site.ROTARY_COSINE,
        Site.ROTARY_SINE,
        Site.HEAD_OUTPUT,
        Site.NEURON,
    }
)
"""Sites inside attention or MLP that only some models have, or only some of their layers."""


def hook_of(site: Site, hooks: Mapping[str, Site], where: str) -> str:
    """What a format calls a site, given the sites that it has names for; ModelError otherwise."""
    for hook, known in hooks.items():
        if known is site:
            return hook
    raise ModelError(where, f"one of {[each.value for each in hooks.values()]}", site.value)
