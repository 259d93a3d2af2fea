"""`atlas reproduce`: run entries' notebooks, measure their claims, compare with the baseline."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from atlas.commands.output import format_option, library_option, print_json, print_table
from atlas.commands.turns import wait_option
from atlas.entries.circuit import Circuit
from atlas.entries.library import Library
from atlas.entries.text import printable
from atlas.files.only_run import Turn, inside, only_run
from atlas.runs.judge import EntryOutcome
from atlas.runs.plan import Choice
from atlas.runs.record_night import record_night
from atlas.runs.reproduce import EXECUTORS, LOCAL, ReproduceSettings, reproduce

HEADER = (
    "entry",
    "claim",
    "verdict",
    "rows",
    "effect",
    "95 % interval",
    "control",
    "baseline",
    "s",
)


@click.command(
    epilog="Example: atlas reproduce microworld-states-and-capitals",
    short_help="Run entries' notebooks, measure their claims, compare with the baseline.",
)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All active entries.")
@click.option(
    "--changed", is_flag=True, help="Entries whose accepted measurement is missing or outdated."
)
@click.option("--model", default="", metavar="ID", help="Only entries on this model.")
@click.option(
    "--rolling",
    is_flag=True,
    help="Run a quarter of the unchanged entries again too, another one each day.",
)
@click.option(
    "--direct",
    is_flag=True,
    help="Measure without notebooks, the entries of one model and dictionary in one process.",
)
@click.option(
    "--executor",
    type=click.Choice(EXECUTORS),
    default=LOCAL,
    show_default=True,
    help="Processes of this machine, or a Ray cluster.",
)
@click.option(
    "--ray-address",
    default="",
    metavar="ADDRESS",
    help="The cluster; default: RAY_ADDRESS, else a cluster of this machine alone.",
)
@click.option(
    "--fresh-prompts",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    metavar="FOLDER",
    help="With --direct: measure circuits on the prompts of FOLDER/<circuit>.jsonl too.",
)
@click.option("--accept", is_flag=True, help="Make what is measured the accepted baseline.")
@click.option(
    "--jobs", default=1, show_default=True, type=click.IntRange(1), help="Entries side by side."
)
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Where results are kept; default: build/results in the checkout.",
)
@click.option(
    "--journal",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="A nightly journal that the outcomes are added to; see `atlas journal`.",
)
@wait_option
@library_option
@format_option
def command(  # noqa: PLR0913  one parameter per option
    ids: tuple[str, ...],
    everything: bool,
    changed: bool,
    model: str,
    rolling: bool,
    direct: bool,
    executor: str,
    ray_address: str,
    turn: Turn,
    fresh_prompts: Path | None,
    accept: bool,
    jobs: int,
    results: Path | None,
    journal: Path | None,
    library: Path | None,
    output_format: str,
) -> None:
    """Run the notebooks of circuits and features (model/dictionary/layer-index).

    What is unchanged since its last run here is not run again, and a run that was interrupted goes
    on where it was. Exit code 1: something did not run, or left its accepted baseline.
    """
    opened = Library.open(library)
    today = datetime.now(UTC).date() if rolling else None
    choice = Choice(ids, everything, changed, model, today)
    kept = results or default_results(opened)
    settings = ReproduceSettings(
        kept, jobs, accept, direct, executor, fresh_prompts, ray_address, turn
    )
    outcomes = reproduce(opened, choice, settings, lambda line: click.echo(line, err=True))
    if journal is not None:
        with only_run(inside(journal), turn=turn):
            record_night(opened, outcomes, journal)
    if output_format == "json":
        print_json([outcome_json(outcome) for outcome in outcomes])
    else:
        print_outcomes(outcomes)
        click.echo(summary(outcomes))
    # Accepting replaces the baseline, so leaving it is then what was asked for.
    if any(outcome.error or not (outcome.good or accept) for outcome in outcomes):
        sys.exit(1)


def default_results(library: Library) -> Path:
    """Results lie beside the library in a checkout, else below the working directory."""
    if library.origin == "package":
        return Path.cwd() / "build" / "results"
    return library.root / "build" / "results"


def print_outcomes(outcomes: Sequence[EntryOutcome]) -> None:
    """One line per claim, the entry's own figures on its first line."""
    rows: list[Sequence[object]] = []
    for outcome in outcomes:
        seconds = "–" if outcome.seconds is None else f"{outcome.seconds:.0f}"
        ending = (outcome.reproduction.state.replace("_", " "), seconds)
        lines = [claim_cells(outcome, claim) for claim in outcome.verdicts]
        for number, cells in enumerate(
            lines or [("–", outcome.verdict.replace("_", " "), *("–",) * 4)]
        ):
            rows.append((outcome.entry.id, *cells, *(ending if number == 0 else ("", ""))))
    if rows:
        print_table(HEADER, rows)
    for outcome in outcomes:
        if outcome.error or not outcome.good:
            for reason in outcome.reproduction.reasons:
                click.echo(f"{outcome.entry.id}: {printable(reason)}")


def claim_cells(outcome: EntryOutcome, claim: str) -> tuple[str, ...]:
    """Claim, verdict, rows, effect, interval and control."""
    verdict = outcome.verdicts[claim]
    word = "demonstration" if verdict.demonstration else verdict.word.replace("_", " ")
    found = outcome.measurements.get(claim)
    if found is None:
        return (claim, word, "–", "–", "–", "–")
    low, high = found.interval
    control = (
        f"{found.control.median:.3g} (p {found.control.p_value:.2g})" if found.control else "–"
    )
    effect = f"{found.value:.3g} {found.unit}"
    return (claim, word, str(found.n), effect, f"[{low:.3g}, {high:.3g}]", control)


def outcome_json(outcome: EntryOutcome) -> dict[str, Any]:
    """One entry's outcome as JSON values."""
    return {
        "entry": outcome.entry.id,
        "verdict": outcome.verdict,
        "claims": {
            name: {"verdict": verdict.word, "reasons": list(verdict.reasons)}
            for name, verdict in outcome.verdicts.items()
        },
        "measurements": [each.to_json() for each in outcome.measurements.values()],
        "reproduction": outcome.reproduction.state,
        "reasons": list(outcome.reproduction.reasons),
        "fresh_prompts": fresh_json(outcome),
        "seconds": outcome.seconds,
        "error": str(outcome.error) if outcome.error else None,
    }


def fresh_json(outcome: EntryOutcome) -> dict[str, Any] | None:
    """What was measured on fresh prompts; None where nothing was."""
    if outcome.fresh is None or not isinstance(outcome.entry, Circuit):
        return None
    return {
        "claims": {name: each.word for name, each in outcome.fresh.verdicts(outcome.entry).items()},
        "measurements": [each.to_json() for each in outcome.fresh.measurements.values()],
        "error": outcome.fresh.error or None,
    }


def summary(outcomes: Sequence[EntryOutcome]) -> str:
    """How many entries came to what."""
    if not outcomes:
        return "Nothing to run: every accepted measurement is of today's entries."
    words = [outcome.verdict.replace("_", " ") for outcome in outcomes]
    states = [outcome.reproduction.state.replace("_", " ") for outcome in outcomes]
    counted = (
        ", ".join(f"{values.count(word)} {word}" for word in dict.fromkeys(values))
        for values in (words, states)
    )
    return f"{len(outcomes)} entries: {'; '.join(counted)}."
