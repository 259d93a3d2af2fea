"""Which issues a night asks for: opened after two bad nights, closed after three good ones.

One night may be bad by chance, so a first bad night opens nothing. When many entries turn bad in
one night the cause is hardly theirs: then one issue speaks of the environment, and none of them.
Issues are found again by a marker in their text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from atlas.entries.journal import ClaimPoint, Journal, Point
from atlas.entries.text import printable

BAD_NIGHTS = 2  # in a row before an issue is opened
GOOD_NIGHTS = 3  # in a row before it is closed
MANY_ENTRIES = 10  # more than so many that turn bad in one night are one event
MANY_SHARE = 0.05  # or more than this share, if they are at least
FEWEST_OF_SHARE = 3
ENVIRONMENT, NIGHT = "environment", "night"
OPEN, UPDATE, CLOSE = "open", "update", "close"
MARKER = re.compile(r"<!-- atlas-night:([A-Za-z0-9/_.-]+) -->")
REASONS_SHOWN = 20
LONGEST_REASON = 300


@dataclass(frozen=True)
class Alarm:
    """One thing to do on the issue tracker."""

    action: str  # open | update | close
    subject: str  # an entry's id, or ENVIRONMENT
    title: str
    body: str  # Markdown; the marker is its first line

    @property
    def marker(self) -> str:
        """By which the issue is found again."""
        return marker(self.subject)


def marker(subject: str) -> str:
    """The line that an issue about this begins with."""
    return f"<!-- atlas-night:{subject} -->"  # as MARKER reads it


def alarms(journal: Journal, open_subjects: Sequence[str], runner: str = "") -> list[Alarm]:
    """What to open, update and close after the latest night, by what is open already.

    `runner` names the nightly run that ended well, where there are several.
    """
    turned = [entry for entry, points in journal.histories.items() if turned_bad(points)]
    total = len(journal.latest.entries)
    many = len(turned) > MANY_ENTRIES or (
        len(turned) >= FEWEST_OF_SHARE and len(turned) > MANY_SHARE * total
    )
    found = [_ran_again(journal, runner)] if _night_of(runner) in open_subjects else []
    found += [*_of_environment(journal, turned if many else [], open_subjects)]
    for entry, points in sorted(journal.histories.items()):
        if many and entry in turned:
            continue
        action = _action(points, entry in open_subjects)
        if action:
            title = f"{entry} no longer reproduces"
            found.append(Alarm(action, entry, title, _entry_body(journal, entry, action)))
    return found


def died(night: date, run: str, runner: str = "") -> Alarm:
    """The alarm of a night that left no record; `run` is the address of what died.

    Where there are several nightly runs, `runner` names the one.
    """
    words = f"The run of {night} ended before it recorded what it measured: {run or 'no address'}"
    subject = _night_of(runner)
    return Alarm(OPEN, subject, _died_title(runner), _body(subject, [words]))


def turned_bad(points: Sequence[Point]) -> bool:
    """Whether the last night was bad and the one before was not."""
    return bool(points) and points[-1].bad and (len(points) < BAD_NIGHTS or not points[-2].bad)


def _action(points: Sequence[Point], is_open: bool) -> str:
    if is_open and len(points) >= GOOD_NIGHTS and all(each.good for each in points[-GOOD_NIGHTS:]):
        return CLOSE
    if is_open:
        return UPDATE if points and points[-1].bad else ""
    bad = len(points) >= BAD_NIGHTS and all(each.bad for each in points[-BAD_NIGHTS:])
    return OPEN if bad and _in_a_row(points[-BAD_NIGHTS:]) else ""


def _night_of(runner: str) -> str:
    return f"{NIGHT}-{runner}" if runner else NIGHT


def _died_title(runner: str) -> str:
    return f"The nightly run died ({runner})" if runner else "The nightly run died"


def _ran_again(journal: Journal, runner: str) -> Alarm:
    words = f"The run of {journal.latest.night} recorded what it measured."
    subject = _night_of(runner)
    return Alarm(CLOSE, subject, _died_title(runner), _body(subject, [words]))


def _in_a_row(points: Sequence[Point]) -> bool:
    """Whether the nights follow each other, a night that failed to run between them forgiven."""
    return points[-1].night - points[0].night <= timedelta(days=2 * (len(points) - 1))


def _of_environment(
    journal: Journal, turned: Sequence[str], open_subjects: Sequence[str]
) -> list[Alarm]:
    is_open = ENVIRONMENT in open_subjects
    title = "Many entries no longer reproduce"
    if turned:
        lines = [f"- `{entry}`" for entry in turned]
        words = f"{len(turned)} of {len(journal.latest.entries)} entries turned bad in one night."
        body = _body(ENVIRONMENT, [words, "", *_changes(journal), "", *lines])
        return [Alarm(UPDATE if is_open else OPEN, ENVIRONMENT, title, body)]
    bad = [entry for entry, points in journal.histories.items() if points and points[-1].bad]
    if is_open and not bad:
        return [Alarm(CLOSE, ENVIRONMENT, title, _body(ENVIRONMENT, ["All entries agree again."]))]
    return []


def _entry_body(journal: Journal, entry: str, action: str) -> str:
    points = journal.histories[entry]
    if action == CLOSE:
        words = f"It agreed on the last {GOOD_NIGHTS} nights."
        return _body(entry, [words])
    since = journal.bad_since(entry)
    last = points[-1]
    lines = [f"State: {last.state.replace('_', ' ')}, since {since}.", ""]
    lines += ["| claim | effect | accepted | tolerance | rows |", "|---|---|---|---|---|"]
    lines += [_row(name, claim) for name, claim in last.claims.items()]
    lines += ["", *_reasons(last), "", *_changes(journal, entry)]
    return _body(entry, lines)


def _row(name: str, claim: ClaimPoint) -> str:
    numbers = (claim.value, claim.accepted, claim.tolerance)
    shown = ["–" if each is None else f"{each:.4g}" for each in numbers]
    return f"| `{name}` | {' | '.join(shown)} | {claim.n} |"


def _reasons(point: Point) -> list[str]:
    """What was found, as plain text that no Markdown can come out of."""
    shown = [printable(" ".join(each.split()))[:LONGEST_REASON] for each in point.reasons]
    return ["```text", *(each.replace("`", "'") for each in shown[:REASONS_SHOWN]), "```"]


def _changes(journal: Journal, entry: str = "") -> list[str]:
    night = journal.bad_since(entry) if entry else journal.latest.night
    changed = journal.changed_on(night) if night else ()
    if not changed:
        return [f"No version differs between {night} and the night before."]
    return [f"Different on {night} from the night before:", *(f"- {each}" for each in changed)]


def _body(subject: str, lines: Sequence[str]) -> str:
    return "\n".join([marker(subject), "", *lines]) + "\n"


def subject_of(body: str) -> str:
    """What an issue is about, from its text; "" where it is none of ours."""
    found = MARKER.match(body)
    return found.group(1) if found else ""
