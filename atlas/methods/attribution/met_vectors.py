"""What gradients meet on their way down: the vectors of all sources, place by place.

At each place the vectors of its features, error and biases stand in one matrix, because one
product with the gradients there is faster than several. They are kept between the chunks of a
sweep as long as they are small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from atlas.methods.attribution.columns import Columns
from atlas.models.replacement import FrozenPass

KEPT_BYTES = 1 << 28  # vectors beyond this are gathered anew for each chunk
Vectors = Float[Tensor, "_source d_model"]


@dataclass(frozen=True)
class Met:
    """Vectors that the gradients at one position meet together.

    `parts` says which stretches of rows belong to which columns.
    """

    vectors: Float[Tensor, "some_source d_model"]
    parts: tuple[tuple[slice, slice], ...]
    # The vectors through a layer's values, where gradients arrive that stayed in head space.
    in_head_space: Float[Tensor, "some_source kv_width"] | None

    @property
    def bytes(self) -> int:
        """Its size in memory."""
        size = self.vectors.nbytes
        return size if self.in_head_space is None else size + self.in_head_space.nbytes


class MetVectors:
    """The vectors of one prompt's sources. Final.

    `holding_layer` is the one whose attention leaves gradients in head space, if there is one; only
    where embeddings are moved up through attention 0 can there be one.
    """

    def __init__(self, frozen: FrozenPass, holding_layer: int | None) -> None:
        self.frozen, self.columns = frozen, Columns.of(frozen)
        self.moves_embeddings = moves_embeddings(frozen)
        self.holding_layer = holding_layer
        self._held_value = None if holding_layer is None else frozen.attention[holding_layer].value
        self._kept: dict[tuple[str, int, int], Met | None] = {}
        self._kept_bytes = 0

    def mlp(self, layer: int, position: int) -> Met | None:
        """What the layer's features write, the error, and the biases of MLP and skip."""
        return self._met(("mlp", layer, position), self._of_mlp)

    def attention(self, layer: int, position: int) -> Met | None:
        """The attention's biases; at layer 0 also the embeddings that are moved here through it."""
        return self._met(("attention", layer, position), self._of_attention)

    def embedding(self, position: int) -> Met | None:
        """The token's and the position's embedding."""
        return self._met(("embedding", 0, position), self._of_embedding)

    def _met(
        self,
        place: tuple[str, int, int],
        gather: Callable[[int, int], Iterable[tuple[slice, Vectors]]],
    ) -> Met | None:
        if place in self._kept:
            return self._kept[place]
        met = self._stacked(list(gather(*place[1:])), place[1])
        size = 0 if met is None else met.bytes
        if self._kept_bytes + size <= KEPT_BYTES:
            self._kept[place] = met
            self._kept_bytes += size
        return met

    def _stacked(self, found: list[tuple[slice, Vectors]], layer: int) -> Met | None:
        parts, start = [], 0
        for columns, vectors in found:
            parts.append((slice(start, start + len(vectors)), columns))
            start += len(vectors)
        if start == 0:
            return None
        vectors = torch.cat([each for _, each in found])
        # Gradients that stay in head space meet what the layers below the holding one write.
        held = None if self._held_value is None or layer > 0 else vectors @ self._held_value
        return Met(vectors, tuple(parts), held)

    def _of_mlp(self, layer: int, position: int) -> Iterable[tuple[slice, Vectors]]:
        frozen = self.frozen
        for source in frozen.dictionary.writers(layer):
            here = frozen.features.at(source, position)
            if here.stop > here.start:
                yield here, frozen.written(here, layer)
        if position >= frozen.zero_positions:
            yield self.columns.error(layer, position), frozen.error(layer, position)
        norm_bias, skip = frozen.mlp_norm_bias[layer], frozen.mlps[layer].skip
        if skip is not None:
            norm_bias = norm_bias + skip.norm_bias[position]
            yield from self._constant("skip_bias", skip.bias[position])
        yield from self._constant("norm_bias", norm_bias)
        if position < frozen.zero_positions:
            written = frozen.zero_position_mlp[layer, position]
            yield from self._constant("zero_position_mlp", written)
        else:
            yield from self._constant("decoder_bias", frozen.decoder_bias[layer, position])

    def _of_attention(self, layer: int, position: int) -> Iterable[tuple[slice, Vectors]]:
        attention = self.frozen.attention[layer]
        if layer == 0 and self.moves_embeddings:
            tokens = self._moved(self.frozen.tokens[: position + 1], position)
            start = self.columns.first_token
            yield slice(start, start + position + 1), tokens
            if self.frozen.position_embedding is not None:
                moved = self._moved(self.frozen.position_embedding[: position + 1], position)
                yield from self._constant("position_embedding", moved.sum(dim=0))
        yield from self._constant("attention_bias", attention.attention_bias[position])
        yield from self._constant("norm_bias", attention.norm_bias[position])

    def _moved(
        self, embeddings: Float[Tensor, "source d_model"], target: int
    ) -> Float[Tensor, "source d_model"]:
        """What attention 0 puts at one position for each source's embedding."""
        attention = self.frozen.attention[0]
        values = (embeddings @ attention.value).reshape(len(embeddings), attention.kv_heads, -1)
        per_head = values.repeat_interleave(attention.group, dim=1)  # [source, head, d_head]
        weights = attention.pattern[:, target, : len(embeddings)].T
        return (per_head * weights[:, :, None]).reshape(len(embeddings), -1) @ attention.output

    def _of_embedding(self, layer: int, position: int) -> Iterable[tuple[slice, Vectors]]:
        column = self.columns.first_token + position
        yield slice(column, column + 1), self.frozen.tokens[[position]]
        if self.frozen.position_embedding is not None:
            embedding = self.frozen.position_embedding[position]
            yield from self._constant("position_embedding", embedding)

    def _constant(
        self, name: str, vector: Float[Tensor, " d_model"]
    ) -> Iterable[tuple[slice, Vectors]]:
        if bool(vector.any()):
            column = self.columns.constant(name)
            yield slice(column, column + 1), vector[None]


def moves_embeddings(frozen: FrozenPass) -> bool:
    """Whether embeddings are moved up through attention 0 instead of gradients down through it.

    That is a vector for each pair of positions: nothing for a prompt of 100 tokens, 2 GB for 2,000.
    """
    pairs = frozen.length * (frozen.length + 1) // 2
    return pairs * frozen.tokens[0].nbytes <= KEPT_BYTES
