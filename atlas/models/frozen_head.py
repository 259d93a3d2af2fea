"""One head's query at one position, or its key, as a linear map of the residual stream.

With the norm's scale s and the scale t of a norm on queries held fixed, the query is affine:

    query = R_p ((N(x) / s + b) W_Q + b_Q) w / t

N and b are the norm before the attention, w the weight of the norm on queries (1 and t = 1
without one), R_p the rotation at position p (none where positions are not rotated in). Keys
likewise. So a source's part in the residual stream gives its part in the query, and

    score = scale · query · key
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.models.language_model import LanguageModel, Place
from atlas.models.query_key_weights import QueryKeyWeights
from atlas.models.sites import Site
from atlas.models.weights import NormWeights


@dataclass(frozen=True)
class FrozenReader:
    """What a head reads at one position: entry = direction · stream + bias + norm_bias."""

    directions: Float[Tensor, "d_head d_model"]
    bias: Float[Tensor, " d_head"]  # of the query or key itself
    norm_bias: Float[Tensor, " d_head"]  # what the bias of the norm before the attention becomes

    def read(self, stream: Float[Tensor, " d_model"]) -> Float[Tensor, " d_head"]:
        """The query or key, given the residual stream at its position."""
        return self.directions @ stream + self.bias + self.norm_bias


def reader_places(model: LanguageModel, layer: int) -> list[Place]:
    """What of a pass `query_reader` and `key_reader` need."""
    sites = (
        Site.ATTENTION_NORM_SCALE,
        Site.QUERY_NORM_SCALE,
        Site.KEY_NORM_SCALE,
        Site.ROTARY_COSINE,
        Site.ROTARY_SINE,
    )
    return [(site, layer) for site in sites if model.has(site, layer)]


def query_reader(
    model: LanguageModel, values: dict[Place, Tensor], layer: int, head: int, position: int
) -> FrozenReader:
    """How one head's query at one position reads the residual stream; `values` of one prompt."""
    weights = model.query_key(layer)
    turned = _rotation(weights, values, layer, position)
    scale = values.get((Site.QUERY_NORM_SCALE, layer))
    if weights.query_norm is not None and scale is not None:
        turned = _norm_map(weights.query_norm, scale, (head, position), len(weights.query)) @ turned
    bias = None if weights.query_bias is None else weights.query_bias[head]
    norm = _norm_before(model, values, layer, position)
    return _reader(norm, weights.query[head], bias, turned)


def key_reader(
    model: LanguageModel, values: dict[Place, Tensor], layer: int, head: int, position: int
) -> FrozenReader:
    """How one head's key at one position reads the residual stream; heads count as for queries."""
    weights = model.query_key(layer)
    kv_head = head // weights.group
    turned = _rotation(weights, values, layer, position)
    scale = values.get((Site.KEY_NORM_SCALE, layer))
    if weights.key_norm is not None and scale is not None:
        turned = _norm_map(weights.key_norm, scale, (kv_head, position), len(weights.key)) @ turned
    bias = None if weights.key_bias is None else weights.key_bias[kv_head]
    norm = _norm_before(model, values, layer, position)
    return _reader(norm, weights.key[kv_head], bias, turned)


def _norm_before(
    model: LanguageModel, values: dict[Place, Tensor], layer: int, position: int
) -> tuple[NormWeights, Float[Tensor, " 1"]] | None:
    """The norm that the attention reads through and its scale; None where it reads the stream."""
    weights = model.attention_norm(layer)
    if weights is None:
        return None
    return weights, values[Site.ATTENTION_NORM_SCALE, layer][position]


def _reader(
    norm: tuple[NormWeights, Float[Tensor, " 1"]] | None,
    weight: Float[Tensor, "d_model d_head"],
    bias: Float[Tensor, " d_head"] | None,
    turned: Float[Tensor, "d_head d_head"],
) -> FrozenReader:
    """The reader of one projection; `turned` is what norm and rotation do after it."""
    matrix = weight @ turned
    directions, norm_bias = matrix.T, torch.zeros_like(matrix[0])
    if norm is not None:
        weights, scale = norm
        directions = weights.backward(directions) / scale
        if weights.bias is not None:
            norm_bias = weights.bias @ matrix
    own = torch.zeros_like(matrix[0]) if bias is None else bias @ turned
    return FrozenReader(directions=directions, bias=own, norm_bias=norm_bias)


def _norm_map(
    norm: NormWeights, scale: Tensor, place: tuple[int, int], heads: int
) -> Float[Tensor, "d_head d_head"]:
    """The norm on one head's queries or keys as a matrix, its scale held fixed."""
    head, position = place
    if scale.ndim == 3:  # [head, position, 1]: each head is normalised by itself
        return torch.diag(norm.weight / scale[head, position, 0])
    # One norm over all heads side by side, of which this head's stretch is wanted.
    return torch.diag(norm.weight.reshape(heads, -1)[head] / scale[position, 0])


def _rotation(
    weights: QueryKeyWeights, values: dict[Place, Tensor], layer: int, position: int
) -> Float[Tensor, "d_head d_head"]:
    """The rotation of one position, to be multiplied from the right; the identity without one."""
    size = int(weights.query.shape[2])
    turn = torch.eye(size).to(weights.query)
    if (Site.ROTARY_COSINE, layer) not in values:
        return turn
    cosine = values[Site.ROTARY_COSINE, layer][position]
    sine = values[Site.ROTARY_SINE, layer][position]
    half = cosine.shape[0] if weights.angles_listed_once else cosine.shape[0] // 2
    pair = torch.arange(half, device=turn.device)
    first, second = (2 * pair, 2 * pair + 1) if weights.rotates_neighbours else (pair, pair + half)
    turn[first, first] = turn[second, second] = cosine[:half]
    turn[first, second], turn[second, first] = sine[:half], -sine[:half]
    return turn
