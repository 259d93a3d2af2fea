"""`atlas graph`: prune, score, show, export and import attribution graphs."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from atlas.commands.output import format_option, print_json, print_result, print_table
from atlas.errors import BadInput, GraphError
from atlas.graphs.graph import AttributionGraph, NodeKind
from atlas.graphs.influence import influence
from atlas.graphs.neuronpedia_json import (
    ExportSettings,
    GraphPart,
    read_imported,
    write_graph,
)
from atlas.graphs.prune import PruneSettings, prune
from atlas.graphs.scores import score

graph_argument = click.argument("graph", type=click.Path(path_type=Path))
KIND_NAMES = {
    NodeKind.FEATURE: ("feature", "features"),
    NodeKind.ERROR: ("error", "errors"),
    NodeKind.TOKEN: ("token", "tokens"),
    NodeKind.CONSTANT: ("constant", "constants"),
    NodeKind.DROPPED: ("node of dropped mass", "nodes of dropped mass"),
    NodeKind.LOGIT: ("logit", "logits"),
}


@click.group()
def command() -> None:
    """Prune, score, show, export and import attribution graphs.

    GRAPH is an .npz that `atlas trace` wrote or a .json of Neuronpedia or circuit-tracer.
    """


@command.command("prune", epilog="Example: atlas graph prune dallas.npz --node-threshold 0.7")
@graph_argument
@click.option(
    "-o", "--out", "output", type=click.Path(path_type=Path), help="Default: GRAPH.pruned.npz."
)
@click.option(
    "--node-threshold",
    default=0.8,
    show_default=True,
    help="Share of all influence that the kept nodes hold; 1 keeps all.",
)
@click.option(
    "--edge-threshold",
    default=0.98,
    show_default=True,
    help="Share of all edge scores that the kept edges hold; 1 keeps all.",
)
@format_option
def prune_command(
    graph: Path,
    output: Path | None,
    node_threshold: float,
    edge_threshold: float,
    output_format: str,
) -> None:
    """Keep the nodes and edges that carry most of the influence; rows stay closed."""
    before, _ = read(graph)
    after = prune(before, PruneSettings(node_threshold, edge_threshold))
    written = output_path(output, graph.with_suffix(".pruned.npz"))
    after.save(written)
    counts = {
        "nodes": {"before": len(before.nodes), "after": len(after.nodes)},
        "edges": {"before": before.rows.nnz, "after": after.rows.nnz},
    }
    text = (
        f"kept {len(after.nodes):,} of {len(before.nodes):,} nodes and {after.rows.nnz:,} of "
        f"{before.rows.nnz:,} edges\n{scores_before_after(before, after)}\nwritten to {written}"
    )
    print_result(output_format, {"output": str(written), **counts}, text)


@command.command("scores", epilog="Example: atlas graph scores circuits/*/graph.npz")
@click.argument("graphs", metavar="GRAPH...", nargs=-1, type=click.Path(path_type=Path))
@format_option
def scores_command(graphs: tuple[Path, ...], output_format: str) -> None:
    """Say how much of the answers a graph explains; of several graphs, in a table."""
    if not graphs:
        raise click.UsageError("Missing argument 'GRAPH...'.")
    found = {str(path): asdict(score(read(path)[0])) for path in graphs}
    if len(graphs) == 1:
        (only,) = found.values()
        print_result(output_format, only, scores_text(only))
    elif output_format == "json":
        print_json(found)
    else:
        names = next(iter(found.values()))
        rows = [[path, *(f"{value:.3f}" for value in row.values())] for path, row in found.items()]
        print_table(["graph", *(name.replace("_", " ") for name in names)], rows)


@command.command("show", epilog="Example: atlas graph show dallas.npz --top 5")
@graph_argument
@click.option("--top", default=10, show_default=True, help="How many nodes and edges to list.")
@format_option
def show_command(graph: Path, top: int, output_format: str) -> None:
    """Describe a graph: its size, answers, scores, most influential nodes, strongest edges."""
    loaded, _ = read(graph)
    summary = summary_of(loaded, max(top, 0))
    print_result(output_format, summary, summary_text(summary))


@command.command("export", epilog="Example: atlas graph export dallas.pruned.npz --slug dallas")
@graph_argument
@click.option("-o", "--out", "output", type=click.Path(path_type=Path), help="Default: GRAPH.json.")
@click.option("--slug", help="The graph's name in the viewer; default: the file's name.")
@click.option("--scan", help="Neuronpedia's id of the model; default: the graph's model.")
@click.option("--source-set", help="Neuronpedia's name of the dictionary.")
@format_option
def export_command(  # noqa: PLR0913  one parameter per option
    graph: Path,
    output: Path | None,
    slug: str | None,
    scan: str | None,
    source_set: str | None,
    output_format: str,
) -> None:
    """Write a graph as JSON for Neuronpedia's and circuit-tracer's viewers."""
    loaded, parts = read(graph)
    written = output_path(output, graph.with_suffix(".json"))
    name = slug or re.sub(r"[^A-Za-z0-9_-]+", "-", graph.stem).strip("-")
    settings = ExportSettings(scan=scan, source_set=source_set, parts=parts)
    warnings = write_graph(loaded, written, name, settings)
    lines = [f"{counted_nodes(loaded)}, {loaded.rows.nnz:,} edges written to {written}"]
    lines += [f"warning: {warning}" for warning in warnings]
    value = {"output": str(written), "slug": name, "warnings": list(warnings)}
    print_result(output_format, value, "\n".join(lines))


@command.command("import", epilog="Example: atlas graph import downloaded.json")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--out", "output", type=click.Path(path_type=Path), help="Default: FILE.npz.")
@format_option
def import_command(file: Path, output: Path | None, output_format: str) -> None:
    """Read a graph JSON of Neuronpedia, circuit-tracer or Anthropic; say what was repaired."""
    imported = read_imported(file)
    written = output_path(output, file.with_suffix(".npz"))
    imported.graph.save(written)
    lines = [f"{counted_nodes(imported.graph)}, {imported.graph.rows.nnz:,} edges"]
    lines += [f"repaired: {repair}" for repair in imported.repairs]
    lines += [f"part {part.label!r}: {len(part.nodes)} nodes" for part in imported.parts]
    if imported.graph.row_totals is None:
        lines.append("the file does not say what its rows sum to: closure is unknown")
    value = {
        "output": str(written),
        "nodes": len(imported.graph.nodes),
        "edges": imported.graph.rows.nnz,
        "repairs": list(imported.repairs),
        "parts": {part.label: list(part.nodes) for part in imported.parts},
    }
    print_result(output_format, value, "\n".join([*lines, f"written to {written}"]))


def read(path: Path) -> tuple[AttributionGraph, tuple[GraphPart, ...]]:
    """The graph in an .npz or a .json, and the parts that the latter may name."""
    if path.suffix == ".json":
        imported = read_imported(path)
        return imported.graph, imported.parts
    return AttributionGraph.load(path), ()


def output_path(given: Path | None, default: Path) -> Path:
    """Where to write; a file that was not named is never overwritten."""
    if given is None and default.exists():
        raise BadInput(
            str(default), "a path that is free", "a file", "name it with --out to replace it"
        )
    path = given or default
    if not path.parent.is_dir():
        raise BadInput(str(path), "a folder that exists", f"no folder {path.parent}")
    return path


def summary_of(graph: AttributionGraph, top: int) -> dict[str, Any]:
    """What `show` says, as plain values."""
    amounts = influence(graph)
    shares = amounts / max(float(amounts.sum()), np.finfo(float).tiny)
    first_nodes = [node for node in np.argsort(-shares, kind="stable")[:top] if shares[node] > 0]
    edges = graph.edges
    first_edges = np.argsort(-np.abs(edges.weights), kind="stable")[:top]
    gap = None if graph.row_totals is None else float(np.abs(graph.closure_gap()).max(initial=0))
    return {
        "model": graph.header.model,
        "dictionary": graph.header.dictionary,
        "prompt": graph.header.prompt,
        "size": f"{counted_nodes(graph)}; {graph.rows.nnz:,} edges",
        "largest_closure_gap": gap,
        "answers": {
            graph.nodes.label[node] or str(graph.nodes.index[node]): round(
                float(graph.nodes.value[node]), 6
            )
            for node in graph.logit_nodes
        },
        "scores": scores_or_reason(graph),
        "nodes": [
            {"node": named(graph, int(node)), "influence_share": float(shares[node])}
            for node in first_nodes
        ],
        "edges": [
            {
                "source": named(graph, int(edges.sources[edge])),
                "target": named(graph, int(edges.targets[edge])),
                "weight": float(edges.weights[edge]),
            }
            for edge in first_edges
        ],
    }


def summary_text(summary: dict[str, Any]) -> str:
    """The summary for people."""
    gap = summary["largest_closure_gap"]
    closure = "unknown (the file has no totals)" if gap is None else f"closed to {gap:.1e}"
    answers = (f"{token!r} {probability:.3f}" for token, probability in summary["answers"].items())
    scores = summary["scores"]
    lines = [
        f"prompt   {summary['prompt']!r}",
        f"model    {summary['model']}, dictionary {summary['dictionary'] or 'unknown'}",
        f"size     {summary['size']}",
        f"rows     {closure}",
        f"answers  {', '.join(answers) or 'none'}",
        "",
        scores if isinstance(scores, str) else scores_text(scores),
        "",
        "share of influence",
        *(f"  {item['influence_share']:6.1%}  {item['node']}" for item in summary["nodes"]),
        "",
        "strongest edges",
        *(
            f"  {item['weight']:+9.3f}  {item['source']} -> {item['target']}"
            for item in summary["edges"]
        ),
    ]
    return "\n".join(lines)


def named(graph: AttributionGraph, node: int) -> str:
    """A node in words, with the token that it stands on."""
    position = int(graph.nodes.position[node])
    label = graph.nodes.label[node]
    words = graph.nodes.describe(node)
    if graph.nodes.kind[node] in (NodeKind.FEATURE, NodeKind.ERROR, NodeKind.TOKEN):
        words = f"{words} {graph.header.tokens[position]!r}"
    return f"{words} ({label})" if graph.nodes.kind[node] == NodeKind.FEATURE and label else words


def counted_nodes(graph: AttributionGraph) -> str:
    """How many nodes of each kind there are."""
    counts = {kind: len(graph.nodes_of(kind)) for kind in NodeKind}
    each = (f"{n:,} {KIND_NAMES[kind][n != 1]}" for kind, n in counts.items() if n)
    return f"{len(graph.nodes):,} nodes ({', '.join(each)})"


def scores_text(scores: dict[str, float]) -> str:
    """Scores for people, published ones first."""
    return (
        f"replacement {scores['replacement']:.3f}, graph completeness "
        f"{scores['graph_completeness']:.3f} (as published)\n"
        f"paths start at tokens {scores['token_share']:.1%}, errors {scores['error_share']:.1%}, "
        f"constants {scores['constant_share']:.1%}, dropped mass {scores['dropped_share']:.1%}"
    )


def scores_or_reason(graph: AttributionGraph) -> dict[str, float] | str:
    """The scores, or why there are none."""
    try:
        return asdict(score(graph))
    except GraphError as problem:
        return f"no scores: {problem}"


def scores_before_after(before: AttributionGraph, after: AttributionGraph) -> str:
    """The scores that pruning changes, before and after it."""
    first, second = scores_or_reason(before), scores_or_reason(after)
    if isinstance(first, str) or isinstance(second, str):
        return first if isinstance(first, str) else str(second)
    names = ("replacement", "graph_completeness", "dropped_share")
    return ", ".join(
        f"{name.replace('_', ' ')} {first[name]:.3f} -> {second[name]:.3f}" for name in names
    )
