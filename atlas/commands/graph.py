"""`atlas graph`: prune, score, show, export and import attribution graphs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from pathlib import Path

import click
import numpy as np

from atlas.commands.circuit_parts import completeness_or_reason, parts_of_circuit
from atlas.commands.graph_report import (
    counted_nodes,
    scores_and_bounds,
    scores_before_after,
    scores_text,
    summary_of,
    summary_text,
)
from atlas.commands.output import (
    format_option,
    library_option,
    print_json,
    print_result,
    print_table,
)
from atlas.errors import BadInput
from atlas.files.whole import write_whole
from atlas.graphs.attention_json import read_score, score_values
from atlas.graphs.attention_score import AttentionScore
from atlas.graphs.graph import AttributionGraph
from atlas.graphs.neuronpedia_attention import head_id
from atlas.graphs.neuronpedia_json import (
    ExportSettings,
    GraphPart,
    read_imported,
    write_graph,
)
from atlas.graphs.prune import PruneSettings, prune
from atlas.graphs.scores import GraphScores

graph_argument = click.argument("graph", type=click.Path(path_type=Path))


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
    before = read(graph).graph
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
@click.option("--circuit", help="The circuit whose parts are looked for in one GRAPH.")
@library_option
@format_option
def scores_command(
    graphs: tuple[Path, ...], circuit: str | None, library: Path | None, output_format: str
) -> None:
    """Say how much of the answers a graph explains; of several graphs, in a table.

    Of parts, that a .json has or --circuit names, also whether they are all that there is to it.
    """
    if not graphs:
        raise click.UsageError("Missing argument 'GRAPH...'.")
    if circuit and len(graphs) > 1:
        raise click.UsageError("--circuit goes with one GRAPH")
    found = {str(path): scores_and_bounds(read(path).graph) for path in graphs}
    if len(graphs) == 1:
        loaded = read(graphs[0])
        parts = {part.label: np.array(part.nodes, dtype=np.int64) for part in loaded.parts}
        if circuit:
            parts = parts_of_circuit(loaded.graph, circuit, library)
        if parts:
            found[str(graphs[0])]["parts"] = completeness_or_reason(loaded.graph, parts)
        (only,) = found.values()
        print_result(output_format, only, scores_text(only))
    elif output_format == "json":
        print_json(found)
    else:
        names = [field.name for field in fields(GraphScores)]
        rows = [[path, *(f"{row[name]:.3f}" for name in names)] for path, row in found.items()]
        print_table(["graph", *(name.replace("_", " ") for name in names)], rows)


@command.command("show", epilog="Example: atlas graph show dallas.npz --top 5")
@graph_argument
@click.option("--top", default=10, show_default=True, help="How many nodes and edges to list.")
@format_option
def show_command(graph: Path, top: int, output_format: str) -> None:
    """Describe a graph: its size, answers, scores, most influential nodes, strongest edges."""
    loaded = read(graph).graph
    summary = summary_of(loaded, max(top, 0))
    print_result(output_format, summary, summary_text(summary))


@command.command("export", epilog="Example: atlas graph export dallas.pruned.npz --slug dallas")
@graph_argument
@click.option("-o", "--out", "output", type=click.Path(path_type=Path), help="Default: GRAPH.json.")
@click.option("--slug", help="The graph's name in the viewer; default: the file's name.")
@click.option("--scan", help="Neuronpedia's id of the model; default: the graph's model.")
@click.option("--source-set", help="Neuronpedia's name of the dictionary.")
@click.option(
    "--qk",
    "scores",
    multiple=True,
    type=click.Path(path_type=Path),
    help="An attention score that `atlas qk --format json` wrote; repeatable.",
)
@format_option
def export_command(  # noqa: PLR0913  one parameter per option
    graph: Path,
    output: Path | None,
    slug: str | None,
    scan: str | None,
    source_set: str | None,
    scores: tuple[Path, ...],
    output_format: str,
) -> None:
    """Write a graph as JSON for Neuronpedia's and circuit-tracer's viewers."""
    found = read(graph)
    written = output_path(output, graph.with_suffix(".json"))
    name = slug or re.sub(r"[^A-Za-z0-9_-]+", "-", graph.stem).strip("-")
    settings = ExportSettings(
        scan=scan,
        source_set=source_set,
        parts=found.parts,
        attention=found.attention + tuple(read_score(path) for path in scores),
    )
    warnings = write_graph(found.graph, written, name, settings)
    size = f"{counted_nodes(found.graph)}, {found.graph.rows.nnz:,} edges"
    lines = [f"{size} written to {written}"]
    lines += [f"attention of {head_id(each)}" for each in settings.attention]
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
    places = [
        output_path(None, written.with_suffix(f".{head_id(each)}.json"))
        for each in imported.attention
    ]
    imported.graph.save(written)
    for place, each in zip(places, imported.attention, strict=True):
        write_whole(place, json.dumps(score_values(each), allow_nan=False).encode())
    lines = [f"{counted_nodes(imported.graph)}, {imported.graph.rows.nnz:,} edges"]
    lines += [f"repaired: {repair}" for repair in imported.repairs]
    lines += [f"part {part.label!r}: {len(part.nodes)} nodes" for part in imported.parts]
    lines += [f"attention score written to {place}" for place in places]
    if imported.graph.row_totals is None:
        lines.append("the file does not say what its rows sum to: closure is unknown")
    value = {
        "output": str(written),
        "nodes": len(imported.graph.nodes),
        "edges": imported.graph.rows.nnz,
        "repairs": list(imported.repairs),
        "parts": {part.label: list(part.nodes) for part in imported.parts},
        "attention": [str(place) for place in places],
    }
    print_result(output_format, value, "\n".join([*lines, f"written to {written}"]))


@dataclass(frozen=True, eq=False)
class ReadGraph:
    """The graph in a file, and what only a .json can hold beside it."""

    graph: AttributionGraph
    parts: tuple[GraphPart, ...] = ()
    attention: tuple[AttentionScore, ...] = ()


def read(path: Path) -> ReadGraph:
    """The graph in an .npz or a .json."""
    if path.suffix == ".json":
        imported = read_imported(path)
        return ReadGraph(imported.graph, imported.parts, imported.attention)
    return ReadGraph(AttributionGraph.load(path))


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
