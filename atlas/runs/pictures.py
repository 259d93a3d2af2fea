"""Pictures that notebooks show, drawn with matplotlib: nothing runs in the reader's browser."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from atlas.entries.circuit import Circuit
from atlas.entries.measurement import MATCHED_HEADS, Control, Measurement
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.prune import edge_scores
from atlas.methods.circuit_graph import CircuitGraph

# Colours that people with colour-blindness tell apart (Okabe and Ito 2008).
PARTS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
PLAIN, ERROR = "#9a9a9a", "#d0d0d0"
RAISES, LOWERS = "#0072B2", "#D55E00"
STRONGEST_EDGES = 200  # more cannot be told apart in a picture of this size
DOTS_PER_INCH = 100
CELL_WIDTH = 0.8  # share of a token's column that its features fill


@dataclass(frozen=True)
class Picture:
    """A figure as a PNG; equal figures give equal bytes."""

    figure: Figure

    def png(self) -> bytes:
        """The picture's bytes."""
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
        return buffer.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png()

    def __repr__(self) -> str:
        return "a picture"


def graph_picture(circuit: Circuit, graph: CircuitGraph) -> Picture:
    """The pruned graph: tokens from left to right, layers from bottom to top, parts in colour."""
    drawn = graph.drawn
    tokens = drawn.header.tokens
    layers = int(drawn.nodes.layer.max(initial=0)) + 1
    figure = Figure(figsize=(max(6.0, 0.9 * len(tokens)), 1.1 + 0.75 * (layers + 2)))
    axes = figure.add_subplot()
    places = _places(drawn, layers)
    _draw_edges(axes, drawn, places)
    shown = drawn.nodes.kind != NodeKind.CONSTANT
    shown &= drawn.nodes.kind != NodeKind.DROPPED
    colours = _colours(circuit, graph)
    axes.scatter(
        places[shown, 0],
        places[shown, 1],
        c=[colours[node] for node in np.flatnonzero(shown)],
        s=[34 if colours[node] in (PLAIN, ERROR) else 60 for node in np.flatnonzero(shown)],
        zorder=3,
        edgecolors="white",
        linewidths=0.6,
    )
    for node in drawn.logit_nodes:
        axes.annotate(drawn.nodes.label[node], places[node], (0, 7), ha="center",
                      textcoords="offset points", fontsize=9)  # fmt: skip
    for number, part in enumerate(circuit.parts):
        axes.scatter([], [], c=PARTS[number % len(PARTS)], s=34, label=part.label)
    axes.set_xticks(range(len(tokens)), tokens, rotation=45, ha="right", fontsize=9)
    rows = ["token", *map(str, range(layers)), "answer"]
    axes.set_yticks(range(-1, layers + 1), rows, fontsize=9)
    axes.set_ylabel("layer")
    axes.spines[["top", "right"]].set_visible(False)
    if circuit.parts:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=9)
    figure.tight_layout()
    return Picture(figure)


def effects_picture(measured: Sequence[Measurement]) -> Picture:
    """Per claim the metric before and after, and beside it the effect among its controls."""
    figure = Figure(figsize=(9.0, 0.6 + 1.5 * max(1, len(measured))))
    grid = figure.subplots(max(1, len(measured)), 2, squeeze=False)
    for found, (bars, dots) in zip(measured, grid, strict=False):
        bars.barh(["before", "after"], [found.before, found.after], color=[PLAIN, RAISES])
        bars.invert_yaxis()
        bars.set_title(found.claim, loc="left", fontsize=9)
        bars.set_xlabel(f"{found.metric.replace('_', ' ')} of the {found.of.replace('_', ' ')}",
                        fontsize=8)  # fmt: skip
        _draw_controls(dots, found)
        for axes in (bars, dots):
            axes.tick_params(labelsize=8)
            axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    return Picture(figure)


def histogram_picture(dashboard: Mapping[str, Any]) -> Picture:
    """How often a feature is active how strongly, on the held-out tokens."""
    edges = np.asarray(dashboard["histogram"]["edges"], dtype=float)
    counts = np.asarray(dashboard["histogram"]["counts"], dtype=float)
    figure = Figure(figsize=(7.0, 2.4))
    axes = figure.add_subplot()
    if len(counts):
        axes.bar(edges[:-1], counts, width=np.diff(edges), align="edge", color=RAISES)
        axes.set_yscale("symlog")
    axes.set_xlabel("activation")
    axes.set_ylabel("tokens")
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    return Picture(figure)


def _draw_controls(axes: Axes, found: Measurement) -> None:
    """The effect with its interval, over the effects of the control draws."""
    named: list[tuple[str, Control]] = []
    if found.control:
        of_heads = found.control.kind == MATCHED_HEADS
        named.append(("matched heads" if of_heads else "matched features", found.control))
    if found.wrong_target:
        named.append(("a third row's value", found.wrong_target))
    for height, (_, control) in enumerate(named, start=1):
        draws = np.asarray(control.draws)
        axes.scatter(draws, np.full(len(draws), -height), c=PLAIN, s=12, alpha=0.6)
    low, high = found.interval
    axes.plot([low, high], [0, 0], color=RAISES, linewidth=3, solid_capstyle="butt")
    axes.scatter([found.value], [0], c=RAISES, s=36, zorder=3)
    axes.axvline(0, color="black", linewidth=0.6)
    names = ["the claim", *(name for name, _ in named)]
    axes.set_yticks([-height for height in range(len(names))], names)
    axes.set_ylim(-len(names) + 0.5, 0.5)
    axes.set_xlabel(f"effect as claimed, {found.unit}", fontsize=8)


def _places(graph: AttributionGraph, layers: int) -> Float[np.ndarray, "node 2"]:
    """Where each node is drawn; nodes of one token and layer stand side by side."""
    nodes = graph.nodes
    x = nodes.position.astype(float)
    y = nodes.layer.astype(float)
    y[nodes.kind == NodeKind.TOKEN] = -1
    logit = nodes.kind == NodeKind.LOGIT
    y[logit] = layers
    x[logit & (nodes.position < 0)] = len(graph.header.tokens) - 1
    cells: dict[tuple[float, float], list[int]] = {}
    for node in range(len(nodes)):
        cells.setdefault((x[node], y[node]), []).append(node)
    for members in cells.values():
        count = len(members)
        x[members] += CELL_WIDTH * ((np.arange(count) + 0.5) / count - 0.5)
    return np.stack([x, y], axis=1)


def _draw_edges(axes: Axes, graph: AttributionGraph, places: Float[np.ndarray, "node 2"]) -> None:
    """The edges that carry most towards the answer, the darker the more."""
    edges, kind = graph.edges, graph.nodes.kind
    shown = ~np.isin(kind[edges.sources], (NodeKind.CONSTANT, NodeKind.DROPPED))
    candidates = np.flatnonzero(shown & (edges.weights != 0))
    if not len(candidates):
        return
    scores = edge_scores(graph, candidates)
    best = np.argsort(-scores, kind="stable")[:STRONGEST_EDGES]
    chosen, share = candidates[best], np.sqrt(scores[best] / scores[best[0]])
    ends = np.stack([places[edges.sources[chosen]], places[edges.targets[chosen]]], axis=1)
    axes.add_collection(
        LineCollection(
            list(ends),
            colors=np.where(edges.weights[chosen] > 0, RAISES, LOWERS).tolist(),
            linewidths=0.3 + 2.2 * share,
            alpha=0.1 + 0.5 * share,
            zorder=1,
        )
    )


def _colours(circuit: Circuit, graph: CircuitGraph) -> list[str]:
    """Each drawn node's colour: that of its part, else by its kind."""
    drawn, whole = graph.drawn.nodes, graph.whole.nodes
    colours = [ERROR if kind == NodeKind.ERROR else PLAIN for kind in drawn.kind]
    numbers = {
        (int(drawn.layer[n]), int(drawn.position[n]), int(drawn.index[n])): int(n)
        for n in graph.drawn.nodes_of(NodeKind.FEATURE)
    }
    for number, part in enumerate(circuit.parts):
        for node in graph.part_nodes[part.id]:
            key = (int(whole.layer[node]), int(whole.position[node]), int(whole.index[node]))
            colours[numbers[key]] = PARTS[number % len(PARTS)]
    return colours
