"""`--wait/--no-wait`: what a command does that finds its folder in use by another run."""

from __future__ import annotations

import click

from atlas.commands.output import Command
from atlas.files.only_run import Turn


def _turn(context: click.Context, option: click.Parameter, wait: bool) -> Turn:
    return Turn(wait, lambda line: click.echo(line, err=True))


def wait_option(command: Command) -> Command:
    """Add `--wait/--no-wait` to a command; the parameter is called `turn`."""
    return click.option(
        "--wait/--no-wait",
        "turn",
        default=True,
        show_default=True,
        callback=_turn,
        help="Whether to wait for another run that writes to the same folder.",
    )(command)
