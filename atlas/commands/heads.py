"""`atlas heads`: through which attention heads the edges of a graph go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from jaxtyping import Int64

from atlas.commands.engine_options import engine_options, open_engine
from atlas.commands.output import format_option, library_option, print_json
from atlas.commands.placement import Placement
from atlas.entries.text import printable
from atlas.errors import BadInput
from atlas.graphs.graph import AttributionGraph
from atlas.graphs.head_loadings import HeadLoadings
from atlas.methods.head_loadings import SPLIT_KINDS, head_loadings

SHOWN_HEADS = 4  # of each edge; the rest stands as one number


@click.command(
    epilog="Example: atlas heads circuits/microworld-subject-verb-agreement/graph.npz "
    "--model microworld --dictionary transcoders --top 5"
)
@click.argument("graph", type=click.Path(path_type=Path))
@engine_options(exact=True)
@click.option("--from", "source", metavar="NODE", help="Only edges from this node, such as 3-30@5.")
@click.option("--into", "target", metavar="NODE", help="Only edges into this node.")
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="How many edges, the strongest first.",
)
@library_option
@format_option
def command(  # noqa: PLR0913  one parameter per option
    graph: Path,
    model: str,
    dictionary: str,
    placement: Placement,
    source: str | None,
    target: str | None,
    top: int,
    library: Path | None,
    output_format: str,
) -> None:
    """Split edges of GRAPH by the first step after their source.

    That is a head of some layer, a skip connection, or the target itself (direct). GRAPH is an
    .npz that `atlas trace` wrote, whole or pruned. Nodes are named as `atlas trace` prints them.
    """
    opened = AttributionGraph.load(graph)
    edges = chosen_edges(opened, source, target)[:top]
    found = head_loadings(*open_engine(model, dictionary, placement, library), opened, edges)
    if output_format == "json":
        named = [
            {"source_name": name(opened, int(found.sources[edge])),
             "target_name": name(opened, int(found.targets[edge])), **found.values(edge)}
            for edge in range(len(edges))
        ]  # fmt: skip
        print_json(named)
        return
    for line in lines(opened, found):
        click.echo(line)


def chosen_edges(
    graph: AttributionGraph, source: str | None, target: str | None
) -> Int64[np.ndarray, " edge"]:
    """The edges between nodes of these names, the strongest first.

    Raises BadInput if there is none.
    """
    ends = graph.edges
    keep = np.isin(graph.nodes.kind[ends.sources], SPLIT_KINDS)
    for wanted, nodes in ((source, ends.sources), (target, ends.targets)):
        if wanted is not None:
            named = [node for node in range(len(graph.nodes)) if name(graph, node) == wanted]
            keep &= np.isin(nodes, named)
    edges = np.flatnonzero(keep)
    if not len(edges):
        which = f"from {source or 'any node'} into {target or 'any node'}"
        raise BadInput("edges", f"an edge {which}", "none", "name nodes as atlas trace does")
    return edges[np.argsort(-np.abs(ends.weights[edges]), kind="stable")].astype(np.int64)


def lines(graph: AttributionGraph, found: HeadLoadings) -> Iterator[str]:
    """The split edges as text."""
    for edge in range(len(found.weights)):
        ends = [printable(name(graph, int(end[edge]))) for end in (found.sources, found.targets)]
        yield f"{found.weights[edge]:+9.3f}  {ends[0]} -> {ends[1]}"
        shown = found.strongest_heads(edge, SHOWN_HEADS)
        words = [f"{layer}.{head} {part:+.3f}" for layer, head, part in shown]
        rest = float(found.heads[edge].sum()) - sum(part for *_, part in shown)
        ways = [f"direct {found.direct[edge]:+.3f}", f"heads {', '.join(words) or 'none'}"]
        ways += [f"other heads {rest:+.3f}"]
        if found.skips[edge].any():
            ways.append(f"skip {found.skips[edge].sum():+.3f}")
        yield "           " + "; ".join(ways)
    yield f"the ways of every edge sum to it to {np.abs(found.gap()).max():.1e}"


def name(graph: AttributionGraph, node: int) -> str:
    """A node's name as `atlas trace` prints it."""
    return graph.nodes.short_name(node, graph.header.tokens)
