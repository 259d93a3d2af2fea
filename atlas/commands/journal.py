"""`atlas journal`: what the last nights came to, and which issues they ask for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from atlas.commands.output import format_option, library_option, print_json, print_table
from atlas.entries.alarms import Alarm, alarms, subject_of
from atlas.entries.alarms import died as night_died
from atlas.entries.journal import Journal, Point, read_journal
from atlas.entries.library import Library
from atlas.entries.text import printable
from atlas.errors import MISSHAPEN, BadInput
from atlas.runs import post_alarms
from atlas.runs.add_night import add_night
from atlas.runs.orphan_branch import JOURNAL, fetch, publish

Command = TypeVar("Command", bound=Callable[..., Any])

SHOWN_NIGHTS = 14
MARKS = {"reproduced": "+", "drifted": "!", "failing": "x", "skipped": "s"}  # others: ·

journal_option = click.option(
    "--journal",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the journal, a checkout of the branch nightly-results.",
)


def measured_option(required: bool) -> Callable[[Command], Command]:
    """The option that names the journal which one run wrote."""
    return click.option(
        "--measured",
        required=required,
        type=click.Path(file_okay=False, path_type=Path),
        default=None,
        metavar="FOLDER",
        help="The journal that a run wrote, where it is not the published one.",
    )


@click.group(short_help="Say what the last nights came to, and which issues they ask for.")
def command() -> None:
    """Read the nightly journal, which `atlas reproduce --journal` writes."""


@command.command("show", epilog="Example: atlas journal show --journal nightly-results")
@journal_option
@format_option
def show(journal: Path, output_format: str) -> None:
    """Print the last night and, for each entry, the nights before it.

    + reproduced, ! drifted, x failing, s skipped, · anything else.
    """
    read = opened(journal)
    if output_format == "json":
        entries = {name: point.to_json() for name, point in read.latest.entries.items()}
        print_json({"night": read.latest.night.isoformat(), "entries": entries})
        return
    rows = [
        (
            entry,
            point.state.replace("_", " "),
            point.verdict.replace("_", " "),
            "".join(MARKS.get(each.state, "·") for each in _last(read, entry)),
            str(read.bad_since(entry) or ""),
        )
        for entry, point in read.latest.entries.items()
    ]
    print_table(("entry", "state", "verdict", "nights", "bad since"), rows)
    click.echo(f"The night of {read.latest.night}, {len(rows)} entries.")


remote_option = click.option(
    "--remote", default="origin", show_default=True, help="A git remote, by name or address."
)


@command.command("fetch", epilog="Example: atlas journal fetch --journal nightly-results")
@journal_option
@remote_option
@library_option
def fetch_journal(journal: Path, remote: str, library: Path | None) -> None:
    """Write the published journal into a folder; an empty folder where none was published."""
    commit = fetch(JOURNAL, journal, Library.open(library).root, remote)
    click.echo(f"The journal of {commit} is in {journal}." if commit else "No journal yet.")


@command.command(
    "join", epilog="Example: atlas journal join --journal nightly-results --measured tonight"
)
@journal_option
@measured_option(required=True)
def join_journal(journal: Path, measured: Path) -> None:
    """Add the last night of another journal, such as another machine's, to this one.

    Of an entry that both have for that night the worse state counts; order does not matter.
    """
    found = read_journal(measured)
    if found is None:
        click.echo(f"{measured} holds no night; nothing is joined.")
        return
    joined = add_night(journal, found.latest)
    click.echo(
        f"The night of {joined.night}: {len(found.latest.entries)} entries joined, "
        f"{len(joined.entries)} in all."
    )


@command.command("publish", epilog="Example: atlas journal publish --journal nightly-results")
@journal_option
@remote_option
@library_option
def publish_journal(journal: Path, remote: str, library: Path | None) -> None:
    """Commit the journal to the remote's branch nightly-results."""
    opened(journal)
    click.echo(publish(JOURNAL, journal, Library.open(library).root, remote))


@command.command(
    "alarms", epilog="Example: atlas journal alarms --journal nightly-results --post OWNER/NAME"
)
@journal_option
@click.option(
    "--open-issues",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="Issues that are open: a JSON list of {number, body}, as `gh issue list` prints it.",
)
@click.option(
    "--post",
    "repository",
    default="",
    metavar="OWNER/NAME",
    help="Open, update and close the issues of this repository, through `gh`.",
)
@click.option(
    "--died",
    default=None,
    metavar="ADDRESS",
    help="The address of a run; where it recorded no night today, ask for an issue about that.",
)
@measured_option(required=False)
@click.option(
    "--runner",
    default="",
    metavar="NAME",
    help="Which of several nightly runs --died speaks of; each has an issue of its own.",
)
@format_option
def print_alarms(  # noqa: PLR0913  one parameter per option
    journal: Path,
    open_issues: Path | None,
    repository: str,
    died: str | None,
    measured: Path | None,
    runner: str,
    output_format: str,
) -> None:
    """Say which issues to open, update and close after the last night, and do so with --post.

    An entry's issue is opened after two bad nights and closed after three good ones; when many
    entries turn bad in one night there is one issue for all of them.
    """
    numbers = post_alarms.open_issues(repository) if repository else open_numbers(open_issues)
    run = NightlyRun(died, measured or journal, runner) if died is not None else None
    found = wanted(journal, list(numbers), run)
    if repository:
        for each in found:
            click.echo(printable(post_alarms.post(each, numbers.get(each.subject), repository)))
        return
    if output_format == "json":
        print_json([alarm_json(each, numbers) for each in found])
        return
    for each in found:
        click.echo(printable(f"{each.action} {each.title}"))
    click.echo(f"{len(found)} issues to change.")


@dataclass(frozen=True)
class NightlyRun:
    """A run that should have recorded today's night, and where it did so."""

    address: str
    measured: Path
    runner: str = ""


def wanted(folder: Path, open_subjects: list[str], run: NightlyRun | None) -> list[Alarm]:
    """What the journal asks for; of a run that recorded nothing, an issue about itself."""
    today = datetime.now(UTC).date()
    if run is not None:
        recorded = read_journal(run.measured)
        if recorded is None or recorded.latest.night < today:
            return [night_died(today, run.address, run.runner)]
    return alarms(opened(folder), open_subjects, run.runner if run else "")


def opened(folder: Path) -> Journal:
    """The journal in a folder; BadInput where there is none."""
    found = read_journal(folder)
    if found is None:
        raise BadInput(
            str(folder), "a nightly journal", "none", "write one with `atlas reproduce --journal`"
        )
    return found


def open_numbers(path: Path | None) -> dict[str, int]:
    """The number of each open issue that is one of ours, by its subject."""
    if path is None:
        return {}
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        found = [(subject_of(each["body"] or ""), int(each["number"])) for each in listed]
    except (OSError, *MISSHAPEN) as error:
        raise BadInput(
            str(path), "a JSON list of {number, body}", f"{type(error).__name__}: {error}"[:200]
        ) from error
    return {subject: number for subject, number in found if subject}


def alarm_json(alarm: Alarm, numbers: dict[str, int]) -> dict[str, Any]:
    """An alarm as JSON values, with the number of the issue that is open."""
    return {
        "action": alarm.action,
        "subject": alarm.subject,
        "number": numbers.get(alarm.subject),
        "title": alarm.title,
        "body": alarm.body,
    }


def _last(journal: Journal, entry: str) -> tuple[Point, ...]:
    return journal.histories.get(entry, ())[-SHOWN_NIGHTS:]
