"""Attribution rows without autograd: gradients swept down through the frozen layers by hand.

A row starts as the gradient of its target where the target reads the residual stream. Going down,
at each layer it meets the vectors that sources wrote there (their inner product is the edge) and
then the attention, which is a fixed linear map (see `atlas.models.frozen_attention`). A skip
connection past the features is one too, from a position to itself, at the first token as well:

    weight[row, source at (k, q)] = <gradient[q], vector written by the source>
    gradient[q] += S_k gradient[q]
    gradient[q] += V_k Σ_h Σ_{p ≥ q} pattern_k[h, p, q] (O_k gradient[p])_h

In parallel blocks both read what precedes the block, so the second sees no gradient of the first.

Rows of all layers share the sweep: in a chunk they are sorted by depth, deepest first, so those
that have started are a prefix. Chunks are sorted by position, so that a chunk needs no position
after its last target. A row's first attention layer sees a gradient at one position only, which
is used; and through attention 0 nothing is swept, because its only sources, the embeddings, are
met in head space instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.methods.attribution.columns import Columns
from atlas.methods.attribution.watcher import Watcher
from atlas.models.frozen_attention import FrozenAttention
from atlas.models.language_model import LanguageModel
from atlas.models.replacement import FrozenPass


@dataclass(frozen=True)
class Targets:
    """Rows to compute: any directions in the residual stream, and where each joins the sweep.

    Depths are counted in half layers, as `before_attention`, `before_mlp` and `after_all` give
    them, so that a target may be whatever reads the stream: a feature, a logit, a query, a key.
    """

    depth: Int[Tensor, " row"]
    position: Int[Tensor, " row"]
    gradient: Float[Tensor, "row d_model"]

    def take(self, rows: Int[Tensor, " some_row"]) -> Targets:
        """These rows, in this order."""
        return Targets(self.depth[rows], self.position[rows], self.gradient[rows])

    def __len__(self) -> int:
        """The number of rows."""
        return int(self.depth.shape[0])


def before_attention(layer: Int[Tensor, " row"]) -> Int[Tensor, " row"]:
    """The depth of what the layers' attention reads."""
    return 2 * layer


def before_mlp(layer: Int[Tensor, " row"], model: LanguageModel) -> Int[Tensor, " row"]:
    """The depth of what the layers' MLPs read; that of the attention in parallel blocks."""
    return 2 * layer + (0 if model.parallel_blocks else 1)


def after_all(model: LanguageModel) -> int:
    """The depth of what the final norm reads."""
    return 2 * model.layers


def sweep(
    frozen: FrozenPass, targets: Targets, rows_per_chunk: int, watcher: Watcher | None = None
) -> Iterator[tuple[Int[Tensor, " some_row"], Float[Tensor, "some_row column"]]]:
    """The weights of all rows, chunk by chunk, as (which rows, their weights).

    What a target adds of its own (its bias, the bias of the norm that it reads through) meets no
    layer and is not among them.
    """
    order = torch.argsort(targets.position, stable=True)
    for start in range(0, len(order), rows_per_chunk):
        chosen = order[start : start + rows_per_chunk]
        deepest_first = torch.argsort(targets.depth[chosen], descending=True, stable=True)
        chosen = chosen[deepest_first]
        yield chosen, _Chunk(frozen, targets.take(chosen), chosen, watcher).weights()


class _Chunk:
    """The gradients of one chunk of rows on their way down.

    `gradient` [position, d_model, row]; rows [: started] are swept, of which [: spread] have
    passed an attention layer and are non-zero at more than one position.
    """

    def __init__(
        self,
        frozen: FrozenPass,
        targets: Targets,
        rows: Int[Tensor, " row"],
        watcher: Watcher | None,
    ) -> None:
        self.frozen, self.targets, self.rows, self.watcher = frozen, targets, rows, watcher
        self.columns = Columns.of(frozen)
        self.length = int(targets.position.max()) + 1
        starts = targets.gradient
        self.gradient = starts.new_zeros(self.length, starts.shape[1], len(targets))
        self.out = starts.new_zeros(self.columns.count, len(targets))
        self.started = 0
        self.spread = 0

    def weights(self) -> Float[Tensor, "row column"]:
        """Sweep all the way down and give the rows' weights."""
        layers = self.frozen.model.layers
        parallel = self.frozen.model.parallel_blocks
        self._start(after_all(self.frozen.model))
        for layer in reversed(range(layers)):
            self._meet_mlp(layer)
            through_skip = self._through_skip(layer)
            if not parallel:
                self._join(through_skip)
                self._start(2 * layer + 1)
            self._pass_attention(layer)
            if parallel:
                self._join(through_skip)
            self._start(2 * layer)
        self._meet_embedding()
        return self.out.T

    def _start(self, depth: int) -> None:
        """Let the rows whose target is at this depth join the sweep."""
        count = int((self.targets.depth >= depth).sum())
        new = torch.arange(self.started, count, device=self.out.device)
        self.gradient[self.targets.position[new], :, new] = self.targets.gradient[new]
        self.started = count

    def _meet_mlp(self, layer: int) -> None:
        """Edges from what the layer's features, errors and biases write."""
        frozen, columns, rows = self.frozen, self.columns, self.started
        if rows == 0:
            return
        writers = frozen.dictionary.writers(layer)
        for position in range(self.length):
            gradient = self.gradient[position, :, :rows]
            if position < frozen.zero_positions:
                constant = frozen.zero_position_mlp[layer, position] @ gradient
                self.out[columns.constant("zero_position_mlp"), :rows] += constant
                continue
            for source in writers:
                here = frozen.features.at(source, position)
                self.out[here, :rows] += frozen.written(here, layer) @ gradient
            error = frozen.error(layer, position) @ gradient
            self.out[columns.error(layer, position), :rows] = error
            bias = frozen.decoder_bias[layer, position] @ gradient
            self.out[columns.constant("decoder_bias"), :rows] += bias
        if bool(frozen.mlp_norm_bias[layer].any()):
            summed = self.gradient[:, :, :rows].sum(dim=0)
            norm_bias = frozen.mlp_norm_bias[layer] @ summed
            self.out[columns.constant("norm_bias"), :rows] += norm_bias

    def _through_skip(self, layer: int) -> Float[Tensor, "position d_model row"] | None:
        """What the started rows' gradients become below the layer's skip connection."""
        skip = self.frozen.mlps[layer].skip
        if skip is None or self.started == 0:
            return None
        gradient = self.gradient[:, :, : self.started]
        self._meet_constant("skip_bias", skip.bias, gradient)
        self._meet_constant("norm_bias", skip.norm_bias, gradient)
        passed = skip.backward(gradient)
        if self.watcher is not None:
            self.watcher.skip(layer, self.rows[: self.started], passed)
        return passed

    def _join(self, passed: Float[Tensor, "position d_model row"] | None) -> None:
        """Add what passed a skip connection to the gradients on the stream."""
        if passed is not None:
            self.gradient[:, :, : passed.shape[2]] += passed

    def _pass_attention(self, layer: int) -> None:
        """Sweep all started rows through one attention layer."""
        attention = self.frozen.attention[layer]
        if self.started == 0:
            return
        if self.watcher is not None:
            gradient = self.gradient[:, :, : self.started]
            self.watcher.attention(layer, self.rows[: self.started], gradient)
        self._meet_attention_constants(attention)
        if self.spread > 0:
            mixed = self._mix(attention)
            if layer == 0:
                self._meet_embedding_in_head_space(attention, mixed)
            else:
                spread = self.gradient[:, :, : self.spread]
                spread += attention.value @ mixed
        self._spread_new_rows(attention)
        self.spread = self.started

    def _mix(self, attention: FrozenAttention) -> Float[Tensor, "source kv_width row"]:
        """Σ over later positions and over the heads of a group, in head space."""
        projected = attention.output @ self.gradient[:, :, : self.spread]
        size = attention.output.shape[0] // attention.heads
        by_head = projected.reshape(self.length, attention.heads, size, self.spread)
        mixed = projected.new_zeros(self.length, attention.kv_heads, size, self.spread)
        pattern = attention.pattern[:, : self.length, : self.length]
        for head in range(attention.heads):
            target = mixed[:, head // attention.group].view(self.length, -1)
            target.addmm_(pattern[head].T, by_head[:, head].reshape(self.length, -1))
        return mixed.reshape(self.length, -1, self.spread)

    def _spread_new_rows(self, attention: FrozenAttention) -> None:
        """The first attention layer of rows whose gradient is at their own position only."""
        new = slice(self.spread, self.started)
        if new.start == new.stop:
            return
        size = attention.output.shape[0] // attention.heads
        each = torch.arange(self.spread, self.started, device=self.out.device)
        own = self.gradient[self.targets.position[new], :, each]
        projected = attention.output @ own.T
        by_head = projected.reshape(attention.heads, size, -1)
        value = attention.value.reshape(-1, attention.kv_heads, size).permute(1, 0, 2)
        read = value.repeat_interleave(attention.group, dim=0) @ by_head  # [head, d_model, row]
        pattern = attention.pattern[:, self.targets.position[new], : self.length]
        self.gradient[:, :, new] += torch.einsum("hrq,hdr->qdr", pattern, read)

    def _meet_attention_constants(self, attention: FrozenAttention) -> None:
        gradient = self.gradient[:, :, : self.started]
        for name in ("attention_bias", "norm_bias"):
            self._meet_constant(name, getattr(attention, name), gradient)

    def _meet_constant(
        self,
        name: str,
        vectors: Float[Tensor, "prompt_position d_model"],
        gradient: Float[Tensor, "position d_model row"],
    ) -> None:
        """Edges from what a constant adds at every position."""
        column = self.out[self.columns.constant(name), : gradient.shape[2]]
        column += torch.einsum("qd,qdr->r", vectors[: self.length], gradient)

    def _meet_embedding_in_head_space(
        self, attention: FrozenAttention, mixed: Float[Tensor, "source kv_width row"]
    ) -> None:
        """Edges from the embeddings through attention 0, which needs no sweep through values."""
        tokens = self.frozen.tokens[: self.length] @ attention.value
        self._add_tokens(torch.einsum("qe,qer->qr", tokens, mixed))
        if self.frozen.position_embedding is not None:
            positions = self.frozen.position_embedding[: self.length] @ attention.value
            column = self.out[self.columns.constant("position_embedding"), : self.spread]
            column += torch.einsum("qe,qer->r", positions, mixed)

    def _meet_embedding(self) -> None:
        """Edges from the embeddings along the residual stream."""
        self._add_tokens(
            torch.einsum("qd,qdr->qr", self.frozen.tokens[: self.length], self.gradient)
        )
        if self.frozen.position_embedding is not None:
            positions = self.frozen.position_embedding[: self.length]
            column = self.out[self.columns.constant("position_embedding")]
            column += torch.einsum("qd,qdr->r", positions, self.gradient)

    def _add_tokens(self, weights: Float[Tensor, "position row"]) -> None:
        start = self.columns.first_token
        self.out[start : start + self.length, : weights.shape[1]] += weights
