"""What every verb shares: the choice of output format, and printing in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def format_option(command: Command) -> Command:
    """Add `--format text|json` to a command; the parameter is called `output_format`."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="text for people, json for programs.",
    )(command)


def library_option(command: Command) -> Command:
    """Add `--library DIR` to a command; the parameter is called `library`."""
    return click.option(
        "--library",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=None,
        help="The folder with circuits/, features/ and models/; default: the checkout above "
        "the working directory, else the one that came with the package.",
    )(command)


def print_json(value: Any) -> None:
    """Print a value as JSON; refuses NaN, which is not JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under a header with aligned columns."""
    cells = [list(header)] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for row in cells:
        click.echo(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def print_result(output_format: str, value: Mapping[str, Any], text: str) -> None:
    """Print `value` as JSON or `text` for people."""
    if output_format == "json":
        print_json(value)
    else:
        click.echo(text)
