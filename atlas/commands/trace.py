"""`atlas trace`: the attribution graph of a prompt."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from atlas.commands.engine_options import engine_options, fit_of, open_engine
from atlas.commands.memory_check import Fit
from atlas.commands.output import format_option, library_option, print_json
from atlas.commands.placement import Placement
from atlas.commands.prompt_sources import NamedPrompt, length_of, longest, read_chat, read_prompts
from atlas.commands.target_options import TargetTexts, target_of, target_options
from atlas.commands.trace_prompts import Outcome, line_of, trace_prompts
from atlas.commands.trace_report import lines, report
from atlas.errors import BadInput
from atlas.graphs.graph import AttributionGraph
from atlas.methods.attribute import AttributionSettings, Progress
from atlas.methods.attribution.logit_places import TokenTarget
from atlas.methods.sae_attribution.settings import SaeAttributionSettings
from atlas.methods.trace import TraceSettings, trace
from atlas.models.dictionaries import SparseAutoencoderSet
from atlas.models.loading import AnyDictionary


@click.command(
    epilog="Example: atlas trace --model microworld --dictionary transcoders --out dallas.npz "
    '--prompt "the capital of the state containing Dallas is"'
)
@engine_options(exact=True)
@click.option("--prompt", help="Text, without the token that starts every prompt.")
@click.option(
    "--prompts",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Trace each prompt of a .txt (one per line) or .jsonl file (text or messages, id). "
    "Graphs that --out already has, with the same settings, are left as they are.",
)
@click.option(
    "--chat",
    metavar="FILE.json|TEXT",
    help="Trace a chat as the model's template writes it: messages with role and content, or "
    "what a user says.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write the graph to this .npz; with --prompts, the graphs into this folder.",
)
@target_options
@click.option(
    "--max-feature-nodes",
    type=click.IntRange(min=1),
    default=7500,
    show_default=True,
    help="How many features get a row, the most influential first.",
)
@click.option(
    "--until",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="MASS",
    help="Trace features, the most influential first, until at most this share of the influence "
    "(such as 0.01) ends at features without a row.",
)
@click.option(
    "--keep",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    metavar="SHARE",
    help="Share of each row's absolute sum that is kept, such as 0.999. The smallest weights "
    "beyond it become dropped mass, and the report bounds what that changes. 1 keeps all.",
)
@click.option(
    "--split-errors",
    is_flag=True,
    help="Split each error of a mixture of experts by expert.",
)
@click.option(
    "--gradient-steps",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="With sparse autoencoders, whose edges are approximate: 1 takes gradients at the prompt, "
    "more integrate them from all sources absent.",
)
@click.option(
    "--top",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="How many features to print per position.",
)
@library_option
@format_option
def command(  # noqa: PLR0913  one parameter per option
    model: str,
    dictionary: str,
    placement: Placement,
    prompt: str | None,
    prompts: Path | None,
    chat: str | None,
    out: Path | None,
    targets: tuple[str, ...],
    foil: str | None,
    positions: tuple[int, ...],
    features: tuple[str, ...],
    foil_feature: str | None,
    neurons: tuple[str, ...],
    directions: tuple[str, ...],
    routers: tuple[str, ...],
    max_feature_nodes: int,
    until: float | None,
    keep: float,
    split_errors: bool,
    gradient_steps: int,
    top: int,
    library: Path | None,
    output_format: str,
) -> None:
    """Trace a prompt: what each feature and each logit is made of.

    Everything that the target options name is explained in one graph.
    """
    target = target_of(
        TargetTexts(targets, foil, positions, features, foil_feature, neurons, directions, routers)
    )
    exact = AttributionSettings(
        target, max_feature_nodes, until=until, keep=keep, split_errors=split_errors
    )
    if [prompt, prompts, chat].count(None) != 2:
        raise click.UsageError("give one of --prompt, --prompts and --chat")
    fit = fit_of(model, dictionary, placement, library)
    if prompts is not None:
        if out is None:
            raise click.UsageError("--prompts needs --out, a folder for the graphs")
        listed = read_prompts(prompts)
        engine = open_engine(model, dictionary, placement, library)
        settings = _settings(engine[1], exact, gradient_steps)
        _check_memory(fit, longest(listed, engine[0]), engine[1], settings)
        _trace_all(trace_prompts(engine, listed, settings, out, _shown_progress()), output_format)
        return
    if out is not None and (not out.parent.is_dir() or out.is_dir()):
        raise BadInput("--out", "a file in an existing folder", str(out))
    given = NamedPrompt("", prompt or "" if chat is None else read_chat(chat))
    engine = open_engine(model, dictionary, placement, library)
    settings = _settings(engine[1], exact, gradient_steps)
    traced = given.prompt_for(engine[0])
    _check_memory(fit, length_of(traced, engine[0]), engine[1], settings)
    graph = trace(*engine, traced, settings, _shown_progress())
    _tell(graph, out, top, output_format)


def _settings(
    dictionary: AnyDictionary, exact: AttributionSettings, gradient_steps: int
) -> TraceSettings:
    """The settings for this kind of dictionary; a usage error for options that it cannot have."""
    if not isinstance(dictionary, SparseAutoencoderSet):
        if gradient_steps != 1:
            raise click.UsageError("--gradient-steps is for sparse autoencoders")
        return exact
    if exact.until is not None or exact.split_errors or exact.keep < 1:
        raise click.UsageError("--until, --keep and --split-errors are for transcoders")
    if not isinstance(exact.target, TokenTarget):
        raise click.UsageError("with sparse autoencoders, targets are tokens")
    return SaeAttributionSettings(exact.target, exact.max_feature_nodes, gradient_steps)


def _check_memory(
    fit: Fit, tokens: int, dictionary: AnyDictionary, settings: TraceSettings
) -> None:
    """Refuse a trace that would not fit."""
    if isinstance(settings, AttributionSettings):
        fit.check_tracing(tokens, settings)
    elif isinstance(dictionary, SparseAutoencoderSet):
        fit.check_gradients(tokens, dictionary, settings)


def _tell(graph: AttributionGraph, out: Path | None, top: int, output_format: str) -> None:
    """Write the graph of one prompt and print what it says."""
    found = report(graph, top)
    if out is not None:
        graph.save(out)
        found["graph"] = str(out)
    if output_format == "json":
        print_json(found)
        return
    for line in lines(found):
        click.echo(line)
    if out is not None:
        click.echo(f"written to {out}")


def _trace_all(outcomes: Iterator[Outcome], output_format: str) -> None:
    """Print what became of each prompt as it comes; exit with 1 if one of them failed."""
    seen = []
    for outcome in outcomes:
        seen.append(outcome)
        if output_format == "text":
            click.echo(line_of(outcome))
    counts = Counter(outcome.state for outcome in seen)
    if output_format == "json":
        print_json([{"name": each.name, "state": each.state, **each.details} for each in seen])
    else:
        click.echo(
            f"{counts['traced']} traced, {counts['there']} already there, {counts['failed']} failed"
        )
    if counts["failed"]:
        click.get_current_context().exit(1)


def _shown_progress() -> Progress | None:
    """Progress for people who look on."""
    return _progress if sys.stderr.isatty() else None


def _progress(done: int, total: int) -> None:
    end = "\n" if done >= total else ""
    click.echo(f"\rtraced {done:,} of {total:,} rows", err=True, nl=False)
    click.echo(end, err=True, nl=False)
