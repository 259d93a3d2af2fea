"""The command line: a table of verbs, each loaded only when it is called.

A verb lives in `atlas/commands/<verb>.py` and exports `command`. Loading lazily keeps
`atlas check`, `atlas list` and the site build free of torch.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from atlas.errors import AtlasError
from atlas.files.refusal import writing

COMMANDS: dict[str, str] = {
    "check": "Check entries and print every problem with its place and its remedy.",
    "list": "List circuits, features, models or resources.",
    "show": "Show one entry with its verdicts.",
    "new": "Write a new circuit or feature file to fill in.",
    "reviewer": "Say whether somebody may accept the entries that a branch changes.",
    "from-form": "Write the entry that a filled issue form asks for.",
    "issue-forms": "Write the repository's issue forms from the schemas and vocabularies.",
    "trace": "Trace a prompt into an attribution graph.",
    "qk": "Say why an attention head looks where it looks.",
    "attention": "Rank heads by what they carry between two places of prompts.",
    "graph": "Prune, score, import and export attribution graphs.",
    "heads": "Split the edges of a graph by the attention heads that they go through.",
    "steer": "Change features and compare the model's answers before and after.",
    "group": "Propose the features of a part from discovery prompts.",
    "dashboard": "Show what every feature of a dictionary does on a text.",
    "convert-dashboards": "Read and write the dashboards of Neuronpedia and SAEDashboard.",
    "train-dictionary": "Train transcoders, a cross-layer transcoder or SAEs of a model.",
    "find-again": "Measure circuits in a dictionary or a model trained from another seed.",
    "reproduce": "Run entries' notebooks, measure their claims, compare with the baseline.",
    "journal": "Say what the last nights came to, and which issues they ask for.",
    "notebook": "Write an entry's filled notebook.",
    "preview": "Show the page of one entry as the site will.",
    "site": "Build the website or serve it.",
    "doctor": "Say which library is used and what this machine can run.",
}


class VerbTable(click.Group):
    """A command group whose members are imported when they are called."""

    def list_commands(self, context: click.Context) -> list[str]:
        """The verbs, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The verb's command, imported now; None if there is no such verb."""
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"atlas.commands.{name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs with their one-line help, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=VerbTable, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="llm-circuits-atlas", prog_name="atlas")
def atlas() -> None:
    """A curated atlas of circuits and SAE features, where every claim is re-run."""


def main() -> None:
    """Run the command line; an AtlasError becomes one line on stderr and exit code 1.

    So does an OSError by which the system refuses to write.
    """
    try:
        with writing(Path()):
            atlas(prog_name="atlas")
    except AtlasError as error:
        click.echo(f"atlas: {error}", err=True)
        sys.exit(1)
