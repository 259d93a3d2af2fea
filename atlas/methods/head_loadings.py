"""Through which attention heads the edges of a graph go.

What a source writes stays in the residual stream of its position until something reads it. With
G_k the row's gradient above the attention of layer k, the head h of that layer, reading first,
carries

    <v_s, V_h Σ_q pattern_h[q, r] (O_h G_k[q])>        (v_s written below layer k at position r)

A skip connection carries <v_s, its part of the gradient>, and what the target reads itself at its
own position is the direct part. Together they are the edge: the gradient that the source meets is
the sum of what these steps have added to it on the way down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, Int64
from torch import Tensor

from atlas.errors import BadInput, GraphError
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.head_loadings import HeadLoadings
from atlas.methods.attribution.explain import explain
from atlas.methods.attribution.freeze_prompt import freeze_prompt
from atlas.methods.attribution.row_targets import Targets, before_mlp
from atlas.methods.attribution.sweep import sweep
from atlas.methods.attribution.target_record import ACTION, recorded_target
from atlas.methods.attribution.watcher import Watcher
from atlas.models.dictionaries import Dictionary
from atlas.models.language_model import LanguageModel
from atlas.models.replacement import FrozenPass

SPLIT_KINDS = (NodeKind.FEATURE, NodeKind.ERROR, NodeKind.TOKEN)  # sources at one place
FeatureColumns = dict[tuple[int, int, int], int]
"""The column of each active feature by layer, position and index."""


@dataclass(frozen=True)
class _Written:
    """The vectors that sources wrote; a cross-layer feature has several."""

    edge: Int[Tensor, " vector"]
    row: Int[Tensor, " vector"]
    position: Int[Tensor, " vector"]
    above: Int[Tensor, " vector"]  # the first layer whose attention reads it
    vector: Float[Tensor, "vector d_model"]


def head_loadings(
    model: LanguageModel,
    dictionary: Dictionary,
    graph: AttributionGraph,
    edges: Int64[np.ndarray, " edge"],
) -> HeadLoadings:
    """Some of a graph's edges, given by their places in `graph.edges`, split by their first step.

    Raises:
        BadInput: an edge from a constant or from dropped mass, which lies at no one place; errors
            split by expert.
        GraphError: a graph that `atlas trace` did not write, or of another model or dictionary.
        ModelError, BadInput: as `attribute`.
    """
    sources = graph.edges.sources[edges].astype(np.int64)
    targets = graph.edges.targets[edges].astype(np.int64)
    if not np.isin(graph.nodes.kind[sources], SPLIT_KINDS).all():
        raise BadInput("edges", "features, errors or tokens as sources", "a constant or dropped")
    if graph.header.settings.get("split_errors"):
        action = "trace it without --split-errors"
        raise BadInput("graph", "whole errors", "errors split by expert", action)
    ids = np.array(graph.header.token_ids, dtype=np.int64)
    frozen = freeze_prompt(model, dictionary, ids)
    nodes, row = np.unique(targets, return_inverse=True)
    columns = _feature_columns(frozen)
    rows = _targets(frozen, graph, nodes, columns)
    written = _written(frozen, graph, (sources, row.astype(np.int64)), columns)
    ways = _Ways(frozen, written, len(edges))
    ways.direct_part(rows)
    for _ in sweep(frozen, rows, len(rows), ways):
        pass  # the watcher has seen all of it
    return HeadLoadings(
        targets=targets,
        sources=sources,
        weights=graph.edges.weights[edges].astype(np.float64),
        heads=ways.heads.cpu().numpy(),
        skips=ways.skips.cpu().numpy(),
        direct=ways.direct.cpu().numpy(),
    )


class _Ways(Watcher):
    """Adds up, layer by layer, what each step carries of each edge; a watcher of the sweep."""

    def __init__(self, frozen: FrozenPass, written: _Written, edges: int) -> None:
        self.frozen, self.written = frozen, written
        layers, heads = frozen.model.layers, frozen.model.heads
        self.direct = torch.zeros(edges, dtype=torch.float64, device=written.vector.device)
        self.skips = self.direct.new_zeros(edges, layers)
        self.heads = self.direct.new_zeros(edges, layers, heads)

    def direct_part(self, rows: Targets) -> None:
        """What the targets read themselves, where the source stands at their position."""
        written = self.written
        met = (rows.gradient[written.row] * written.vector).sum(dim=1).double()
        here = rows.position[written.row] == written.position
        # A target below the place where a vector is written never sees it.
        below = 2 * written.above <= rows.depth[written.row]
        self.direct.index_add_(0, written.edge, met * (here & below))

    def skip(
        self,
        layer: int,
        rows: Int[Tensor, " row"],
        passed: Float[Tensor, "some_position d_model row"],
    ) -> None:
        """The part of the layer's skip connection."""
        chosen, place = self._reached(layer, rows)
        written = self.written
        gradient = passed[written.position[chosen], :, place]
        part = (gradient * written.vector[chosen]).sum(dim=1).double()
        self.skips[:, layer].index_add_(0, written.edge[chosen], part)

    def attention(
        self,
        layer: int,
        rows: Int[Tensor, " row"],
        gradient: Float[Tensor, "some_position d_model row"],
    ) -> None:
        """The parts of the layer's heads."""
        chosen, place = self._reached(layer, rows)
        if not len(chosen):
            return
        attention, written = self.frozen.attention[layer], self.written
        size = attention.output.shape[0] // attention.heads
        length = len(gradient)
        pattern = attention.pattern[:, :length, :length]
        read = written.vector[chosen] @ attention.value  # [vector, kv head × entry]
        for head in range(attention.heads):
            output = attention.output[head * size : (head + 1) * size]
            # [target position, entry, row] -> [vector, target position, entry]
            above = (output @ gradient).permute(2, 0, 1)[place]
            seen = pattern[head][:, written.position[chosen]].T  # [vector, target position]
            mixed = torch.einsum("vq,vqe->ve", seen, above)
            group = head // attention.group
            part = (mixed * read[:, group * size : (group + 1) * size]).sum(dim=1).double()
            self.heads[:, layer, head].index_add_(0, written.edge[chosen], part)

    def _reached(
        self, layer: int, rows: Int[Tensor, " row"]
    ) -> tuple[Int[Tensor, " chosen"], Int[Tensor, " chosen"]]:
        """The vectors that stand below a layer and whose row has started, and where the row is."""
        place = torch.full((int(self.written.row.max()) + 1,), -1, device=rows.device)
        place[rows] = torch.arange(len(rows), device=rows.device)
        at = place[self.written.row]
        chosen = ((at >= 0) & (self.written.above <= layer)).nonzero().reshape(-1)
        return chosen, at[chosen]


def _targets(
    frozen: FrozenPass,
    graph: AttributionGraph,
    nodes: Int64[np.ndarray, " row"],
    columns: FeatureColumns,
) -> Targets:
    """The rows of these nodes, as the graph was traced."""
    kind = graph.nodes.kind[nodes]
    found = [_column(graph, int(node), columns) for node in nodes[kind == NodeKind.FEATURE]]
    features = torch.tensor(found, dtype=torch.int64, device=frozen.ids.device)
    answers = _answers(frozen, graph, nodes[kind == NodeKind.LOGIT])
    depth = before_mlp(frozen.features.layer[features], frozen.model)
    return Targets(
        depth=torch.cat([depth, answers.depth]),
        position=torch.cat([frozen.features.position[features], answers.position]),
        gradient=torch.cat([frozen.encoder_gradients(features), answers.gradient]),
    )


def _answers(
    frozen: FrozenPass, graph: AttributionGraph, nodes: Int64[np.ndarray, " answer"]
) -> Targets:
    """The rows of what the graph explains, found by position and index, or label for no token."""
    d_vocab = frozen.model.d_vocab
    explained = explain(frozen, recorded_target(graph.header.settings.get("target")))
    targets = explained.reading.targets
    keys = zip(targets.position.tolist(), explained.token, explained.label, strict=True)
    places = {
        (position, token if 0 <= token < d_vocab else label): place
        for place, (position, token, label) in enumerate(keys)
    }
    wanted = [
        (int(graph.nodes.position[node]), index if index < d_vocab else graph.nodes.label[node])
        for node, index in zip(nodes, graph.nodes.index[nodes].tolist(), strict=True)
    ]
    if any(key not in places for key in wanted):
        raise _another("answers that its settings name")
    return targets.take(torch.tensor([places[key] for key in wanted], dtype=torch.int64))


def _feature_columns(frozen: FrozenPass) -> FeatureColumns:
    active = frozen.features
    keys = zip(active.layer.tolist(), active.position.tolist(), active.index.tolist(), strict=True)
    return {key: number for number, key in enumerate(keys)}


def _column(graph: AttributionGraph, node: int, columns: FeatureColumns) -> int:
    """The column of a feature node in the frozen pass."""
    nodes = graph.nodes
    key = (int(nodes.layer[node]), int(nodes.position[node]), int(nodes.index[node]))
    if key not in columns:
        raise _another(f"{nodes.describe(node)} active on its prompt")
    return columns[key]


def _written(
    frozen: FrozenPass,
    graph: AttributionGraph,
    edges: tuple[Int64[np.ndarray, " edge"], Int64[np.ndarray, " edge"]],  # source node, row
    columns: FeatureColumns,
) -> _Written:
    """What the sources of the edges wrote, with where it can be read."""
    places, vectors = [], []
    for edge, (source, row) in enumerate(zip(*edges, strict=True)):
        for above, vector in _vectors(frozen, graph, int(source), columns):
            places.append((edge, int(row), int(graph.nodes.position[source]), above))
            vectors.append(vector)
    edge_of, row_of, position, layer = torch.tensor(places, device=frozen.ids.device).T
    return _Written(edge_of, row_of, position, layer, torch.stack(vectors))


def _vectors(
    frozen: FrozenPass, graph: AttributionGraph, source: int, columns: FeatureColumns
) -> Iterator[tuple[int, Float[Tensor, " d_model"]]]:
    """What one source wrote, each with the first layer whose attention reads it."""
    nodes = graph.nodes
    kind, position, layer = nodes.kind[source], int(nodes.position[source]), nodes.layer[source]
    if kind == NodeKind.TOKEN:
        yield 0, frozen.tokens[position]
    elif kind == NodeKind.ERROR:
        yield int(layer) + 1, frozen.errors[int(layer), position]
    else:
        column = _column(graph, source, columns)
        for written in frozen.dictionary.written_layers(int(layer)):
            yield written + 1, frozen.written(slice(column, column + 1), written)[0]


def _another(expected: str) -> GraphError:
    return GraphError("graph", expected, "none", ACTION)
