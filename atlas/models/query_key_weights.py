"""The weights that make queries and keys, in one layout for all architectures.

Read here from TransformerLens' attention component; `atlas.models.language_model` asks for them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor

from atlas.errors import ModelError
from atlas.models.weights import NormWeights, detached


@dataclass(frozen=True)
class QueryKeyWeights:
    """score = scale · rotated(normed(x W_Q + b_Q)) · rotated(normed(y W_K + b_K)), then a soft cap.

    With grouped queries, head h reads the keys of kv_head h // (heads / kv_heads).
    """

    query: Float[Tensor, "head d_model d_head"]
    query_bias: Float[Tensor, "head d_head"] | None
    key: Float[Tensor, "kv_head d_model d_head"]
    key_bias: Float[Tensor, "kv_head d_head"] | None
    query_norm: NormWeights | None  # over one head's entries, or over those of all heads
    key_norm: NormWeights | None
    scale: float
    soft_cap: float | None  # the model goes on with cap · tanh(score / cap)
    rotates_neighbours: bool  # entries 2i and 2i + 1 turn together, instead of i and i + half
    angles_listed_once: bool  # GPT-OSS has one cosine per pair; others have it for either entry

    @property
    def group(self) -> int:
        """How many heads share one key head."""
        return int(self.query.shape[0] // self.key.shape[0])


def read_query_key(
    part: Any, config: Any, norm_of: Callable[[Any], NormWeights], where: str
) -> QueryKeyWeights:
    """The weights in one attention component.

    Raises ModelError for a norm of queries and keys whose scale TransformerLens does not show.
    """
    query, key = part.W_Q.detach(), part.W_K.detach()
    original = part.original_component
    scale = float(getattr(original, "scaling", None) or query.shape[2] ** -0.5)
    if getattr(config, "scale_attn_by_inverse_layer_idx", False):
        scale = query.shape[2] ** -0.5 / (int(original.layer_idx) + 1)
    cap = getattr(original, "attn_logit_softcapping", None)
    return QueryKeyWeights(
        query=query,
        query_bias=_by_head(part.b_Q, query),
        key=key,
        key_bias=_by_head(part.b_K, key),
        query_norm=_norm(part, "q_norm", norm_of, where),
        key_norm=_norm(part, "k_norm", norm_of, where),
        scale=scale,
        soft_cap=None if cap is None else float(cap),
        rotates_neighbours=bool(getattr(config, "rotary_adjacent_pairs", False)),
        angles_listed_once=type(original).__name__ == "GptOssAttention",
    )


def _by_head(
    bias: Tensor | None, weight: Float[Tensor, "head d_model d_head"]
) -> Float[Tensor, "head d_head"] | None:
    bias = detached(bias)
    return None if bias is None else bias.reshape(weight.shape[0], weight.shape[2])


def _norm(
    part: Any, name: str, norm_of: Callable[[Any], NormWeights], where: str
) -> NormWeights | None:
    norm = part._modules.get(name)
    if norm is None or norm.original_component is None:
        return None
    if not getattr(norm, "uses_rms_norm", False) or not hasattr(norm, "hook_scale"):
        raise ModelError(
            where,
            "queries and keys that are not normalised, or by an RMS norm",
            f"a norm {type(norm.original_component).__name__}",
            "scores of this model cannot be explained yet",
        )
    return norm_of(norm)
