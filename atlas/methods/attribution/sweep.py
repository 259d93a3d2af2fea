"""Attribution rows without autograd: gradients swept down through the frozen layers by hand.

A row starts as the gradient of its target where the target reads the residual stream. Going down,
at each layer it meets the vectors that sources wrote there (their inner product is the edge) and
then the attention, which is a fixed linear map (see `atlas.models.frozen_attention`). A skip
connection past the features is one too, from a position to itself:

    weight[row, source at (k, q)] = <gradient[q], vector written by the source>
    gradient[q] += S_k gradient[q]
    gradient[q] += V_k Σ_h Σ_{p ≥ q} pattern_k[h, p, q] (O_k gradient[p])_h

In parallel blocks both read what precedes the block, so the second sees no gradient of the first.

Nearly all the work is the products with O_k and V_k. What is exact and saves some of them:

- Rows of all layers share the sweep: in a chunk they are sorted by depth, deepest first, so those
  that have started are a prefix. Chunks are sorted by position, so that a chunk needs no position
  after its last target.
- A row's first attention layer sees a gradient at one position only (`first_attention`).
- Nothing is swept through attention 0: the embeddings are moved up through it instead, unless the
  prompt is so long that they would be too many vectors.
- Below attention 1 gradients stay in head space and meet the few vectors there as its values read
  them.
- Nothing is swept to the first position (`first_position`).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from atlas.methods.attribution.chunks import ChunkLimits, chunks, whole
from atlas.methods.attribution.first_attention import at_first_position, project, spread
from atlas.methods.attribution.first_position import first_position
from atlas.methods.attribution.met_vectors import Met, MetVectors, moves_embeddings
from atlas.methods.attribution.row_targets import Targets, after_all
from atlas.methods.attribution.watcher import Watcher
from atlas.models.active_features import portions
from atlas.models.frozen_attention import FrozenAttention
from atlas.models.replacement import FrozenPass

Rows = tuple[Int[Tensor, " some_row"], Float[Tensor, "some_row column"]]
"""Which rows, and their weights."""
HOLDING_LAYER = 1  # gradients below its attention stay in head space
MIXED = 256  # sources mixed at once; fewer waste less on targets that stand before them


class Sweep:
    """One prompt's sweeps, which have the vectors that gradients meet in common. Final."""

    def __init__(self, frozen: FrozenPass, watcher: Watcher | None = None) -> None:
        self.watcher = watcher
        # A watcher sees every gradient at every position, so then none stays in head space, and
        # the first position is swept like the others.
        alone = watcher is None
        moved = alone and moves_embeddings(frozen)
        holds = moved and frozen.model.layers > HOLDING_LAYER and frozen.mlps[0].skip is None
        self.met = MetVectors(frozen, HOLDING_LAYER if holds else None)
        self.below = first_position(frozen) if alone else None

    def weights(self, targets: Targets, limits: ChunkLimits) -> Iterator[Rows]:
        """The weights of all rows, a part of a chunk at a time."""
        order = torch.argsort(targets.position, stable=True)
        if self.below is not None:
            at_first = int((targets.position == 0).sum())
            first = targets.take(order[:at_first])
            yield order[:at_first], self.below.weights(first.depth, first.gradient)
            order = order[at_first:]
        for chunk in chunks(self.met.frozen, targets.position, order, limits):
            deepest_first = torch.argsort(targets.depth[chunk], descending=True, stable=True)
            chosen = chunk[deepest_first]
            swept = _Chunk(self, targets.take(chosen), chosen).swept()
            for part in portions(slice(0, len(chosen)), len(swept)):
                yield chosen[part], swept[:, part].T.contiguous()


def sweep(
    frozen: FrozenPass, targets: Targets, rows_per_chunk: int, watcher: Watcher | None = None
) -> Iterator[Rows]:
    """The weights of all rows, a part of a chunk at a time.

    What a target adds of its own (its bias, the bias of the norm that it reads through) meets no
    layer and is not among them.
    """
    return Sweep(frozen, watcher).weights(targets, ChunkLimits(rows_per_chunk))


class _Chunk:
    """The gradients of one chunk of rows on their way down.

    `gradient` [position − first, d_model, row]; rows [: started] are swept, of which [: spread]
    have passed an attention layer and are non-zero at more than one position. Room beyond the rows
    is zero, so that products may take in more than the rows. `held` is what has left a layer's
    attention in head space, where it stays.
    """

    def __init__(self, sweep: Sweep, targets: Targets, rows: Int[Tensor, " row"]) -> None:
        self.met, self.below, self.watcher = sweep.met, sweep.below, sweep.watcher
        self.frozen, self.columns = self.met.frozen, self.met.columns
        self.targets, self.rows = targets, rows
        self.first = 0 if self.below is None else 1
        self.length = int(targets.position.max()) + 1
        self.positions = range(self.first, self.length)
        starts = targets.gradient
        self.room = whole(len(targets))
        self.gradient = starts.new_zeros(len(self.positions), starts.shape[1], self.room)
        self.out = starts.new_zeros(self.columns.count, self.room)
        self.buffers: dict[str, Tensor] = {}
        self.held: Float[Tensor, "position kv_width row"] | None = None
        self.heights = [-depth for depth in targets.depth.tolist()]  # ascending
        self.started = 0
        self.spread = 0

    def swept(self) -> Float[Tensor, "column row"]:
        """Sweep all the way down and give the rows' weights."""
        layers = self.frozen.model.layers
        parallel = self.frozen.model.parallel_blocks
        self._start(after_all(self.frozen.model))
        for layer in reversed(range(layers)):
            for position in self.positions:
                self._meet(self.met.mlp(layer, position), position)
            through_skip = self._through_skip(layer)
            if not parallel:
                self._join(through_skip)
                self._start(2 * layer + 1)
            self._pass_attention(layer)
            if parallel:
                self._join(through_skip)
            self._start(2 * layer)
        for position in self.positions:
            self._meet(self.met.embedding(position), position)
        return self.out

    def _start(self, depth: int) -> None:
        """Let the rows whose target is at this depth join the sweep."""
        count = bisect_right(self.heights, -depth)
        if count > self.started:
            new = torch.arange(self.started, count, device=self.out.device)
            place = self.targets.position[new] - self.first
            self.gradient[place, :, new] = self.targets.gradient[new]
            self.started = count

    def _meet(self, met: Met | None, position: int) -> None:
        """Edges from the vectors at one position."""
        if met is None or self.started == 0:
            return
        rows = whole(self.started)
        weights = met.vectors @ self.gradient[position - self.first, :, :rows]
        if self.held is not None and met.in_head_space is not None:
            held = self.held[position]
            weights[:, : held.shape[1]].addmm_(met.in_head_space, held)
        for vectors, columns in met.parts:
            self.out[columns, :rows] += weights[vectors]

    def _through_skip(self, layer: int) -> Float[Tensor, "position d_model row"] | None:
        """What the started rows' gradients become below the layer's skip connection."""
        skip = self.frozen.mlps[layer].skip
        if skip is None or self.started == 0:
            return None
        passed = skip.backward(self.gradient[:, :, : self.started], self.first)
        if self.watcher is not None:
            self.watcher.skip(layer, self.rows[: self.started], passed)
        return passed

    def _join(self, passed: Float[Tensor, "position d_model row"] | None) -> None:
        """Add what passed a skip connection to the gradients on the stream."""
        if passed is not None:
            self.gradient[:, :, : passed.shape[2]] += passed

    def _pass_attention(self, layer: int) -> None:
        """Sweep all started rows through one attention layer."""
        if self.started == 0:
            return
        if self.watcher is not None:
            gradient = self.gradient[:, :, : self.started]
            self.watcher.attention(layer, self.rows[: self.started], gradient)
        for position in self.positions:
            self._meet(self.met.attention(layer, position), position)
        if layer > 0 or not self.met.moves_embeddings:
            arriving = list(self._spread_new_rows(layer))
            if self.spread > 0:
                self._pass_spread_rows(layer)
            for rows, gradient in arriving:
                self.gradient[: len(gradient), :, rows] = gradient
        self.spread = self.started

    def _pass_spread_rows(self, layer: int) -> None:
        """The rows with gradients at several positions, one product per position and matrix."""
        attention, rows = self.frozen.attention[layer], whole(self.spread)
        projected = self._buffer("projected", len(self.positions), attention.output.shape[0], rows)
        for place in range(len(self.positions)):
            torch.mm(attention.output, self.gradient[place, :, :rows], out=projected[place])
        mixed = self._mix(attention, projected)
        if self.below is not None:
            self._read_first_position(layer, mixed[0], slice(0, rows))
        if layer == self.met.holding_layer:
            self.held = mixed
            return
        for position in self.positions:
            below = self.gradient[position - self.first, :, :rows]
            below.addmm_(attention.value, mixed[position])

    def _mix(
        self, attention: FrozenAttention, projected: Float[Tensor, "target width row"]
    ) -> Float[Tensor, "source kv_width row"]:
        """Σ over later positions and over the heads of a group, in head space."""
        targets, width, rows = projected.shape
        size = width // attention.heads
        mixed = self._buffer("mixed", self.length, attention.value.shape[1], rows)
        pattern = attention.pattern[:, self.first : self.length, : self.length]
        for head in range(attention.heads):
            above = projected[:, head * size : (head + 1) * size].view(targets, -1)
            kv_head = head // attention.group
            below = mixed[:, kv_head * size : (kv_head + 1) * size].view(self.length, -1)
            for start in range(0, self.length, MIXED):
                # What comes before these sources does not look at them.
                looking = slice(max(start - self.first, 0), targets)
                sources = slice(start, start + MIXED)
                weights, here = pattern[head, looking, sources].T, below[sources]
                if head % attention.group == 0:
                    torch.mm(weights, above[looking], out=here)
                else:
                    here.addmm_(weights, above[looking])
        return mixed

    def _spread_new_rows(
        self, layer: int
    ) -> Iterator[tuple[slice, Float[Tensor, "some_position d_model some_row"]]]:
        """Take out the rows that are at their own position only, as their first layer spreads them.

        Until they are put back their room is zero.
        """
        attention, new = self.frozen.attention[layer], slice(self.spread, self.started)
        if new.start == new.stop:
            return
        positions = self.targets.position[new]
        each = torch.arange(new.start, new.stop, device=self.out.device)
        own = self.gradient[positions - self.first, :, each]
        self.gradient[positions - self.first, :, each] = 0
        projected = project(attention, own)
        if self.below is not None:
            pattern = attention.pattern[:, positions, 0]
            arriving = at_first_position(attention, projected, pattern)
            self._read_first_position(layer, arriving, new)
        for rows, gradient in spread(attention, projected, positions.tolist(), self.first):
            gradient[-1] += own[rows].T
            yield slice(new.start + rows.start, new.start + rows.stop), gradient

    def _read_first_position(
        self, layer: int, arriving: Float[Tensor, "kv_width row"], rows: slice
    ) -> None:
        """Edges from what the first position holds, as the layer's values read it."""
        if self.below is not None:
            self.out[self.below.columns, rows] += self.below.values[layer] @ arriving

    def _buffer(self, name: str, *shape: int) -> Float[Tensor, "position width row"]:
        """Room for numbers, the same at every layer."""
        size = math.prod(shape)
        if name not in self.buffers:
            most = math.prod((*shape[:-1], self.room))
            self.buffers[name] = self.out.new_empty(most)
        return self.buffers[name][:size].view(shape)
