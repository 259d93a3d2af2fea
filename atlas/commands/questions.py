"""Questions at a terminal: Enter takes the default, a bad answer is asked again with the reason."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping

import click

from atlas.entries.drafts.answers import choices, refusal
from atlas.entries.drafts.fields import FIELDS, Kind, field_of
from atlas.entries.library import Library
from atlas.entries.text import printable

Asked = Callable[[str, str], str]  # a field's name and its default, to the answer


def at_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty()


def asker(library: Library, kind: Kind, given: Mapping[str, str | None], asking: bool) -> Asked:
    """A function that gets the answer to a field: as given, else by asking, else its default.

    It raises BadInput for a given answer, or a default, that cannot stand.
    """

    def ask(name: str, default: str) -> str:
        answer = given.get(name)
        if answer is None and asking:
            return _asked(library, kind, name, default)
        answer = default if answer is None else answer
        reason = refusal(library, kind, name, answer) if answer else None
        if reason:
            raise reason.error(field_of(FIELDS[kind], name).label.lower())
        return answer

    return ask


def _asked(library: Library, kind: Kind, name: str, default: str) -> str:
    field = field_of(FIELDS[kind], name)
    click.echo()
    click.echo(f"{field.label}. {field.explains}")
    listed = choices(library, field)
    for choice, words in listed.items():
        click.echo(f"  {choice}  {printable(words)}".rstrip())
    while True:
        answer: str = click.prompt(field.label, default=default, show_default=bool(default)).strip()
        if not answer:
            return ""
        reason = refusal(library, kind, name, answer)
        if reason is None:
            return answer
        click.echo(f"Not that: {reason}.")


def name_in_git() -> str:
    """The name that commits are made under here; empty if there is none."""
    try:
        done = subprocess.run(
            ["git", "config", "user.name"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
