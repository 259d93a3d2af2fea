"""Errors say what was expected, pickle, and never show a traceback."""

import ast
import pickle
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from atlas import errors
from atlas.cli import COMMANDS, atlas
from atlas.errors import AtlasError, BadInput


def every_error() -> list[type[AtlasError]]:
    """All classes of the tree, root included."""
    found: list[type[AtlasError]] = [AtlasError]
    for error in found:
        found.extend(error.__subclasses__())
    return [error for error in found if error.__module__ == "atlas.errors"]


@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.__name__)
def test_every_error_pickles(error):
    raised = error("circuits/x.yaml:3", "a number", "a word", "write a number")
    copied = pickle.loads(pickle.dumps(raised))
    assert type(copied) is error
    assert str(copied) == str(raised)
    assert copied.action == "write a number"


def test_a_message_is_one_line_in_the_agreed_form():
    error = AtlasError("circuits/x.yaml:3", "a number", "a\nword", "write a number")
    assert str(error) == "circuits/x.yaml:3: expected a number; found a word; write a number"


def test_no_part_from_a_file_makes_a_message_long():
    told = BadInput("where " * 9999, "names " * 9999, "found " * 9999, "do this")
    assert len(str(told)) < 2000
    assert str(told).endswith("; do this")


def test_the_drawing_names_every_error():
    drawn = re.findall(r"^[│├└─ ]*([A-Z]\w+)", errors.__doc__ or "", flags=re.MULTILINE)
    assert {error.__name__ for error in every_error()} <= set(drawn)


def test_the_table_of_verbs_matches_the_folder(repository):
    files = (repository / "atlas" / "commands").glob("*.py")
    with_command = [path for path in files if "\ndef command(" in path.read_text("utf-8")]
    assert set(COMMANDS) == {path.stem.replace("_", "-") for path in with_command}


def every_command() -> list[list[str]]:
    """All commands of the command line as words; for a group, its members."""
    found = []
    for verb in COMMANDS:
        command = atlas.get_command(click.Context(atlas), verb)
        members = list(command.commands) if isinstance(command, click.Group) else []
        found += [[verb, member] for member in members] or [[verb]]
    return found


def test_help_shows_a_real_example_for_every_command():
    without = []
    for words in every_command():
        shown = CliRunner().invoke(atlas, [*words, "--help"], prog_name="atlas")
        assert shown.exit_code == 0, shown.output
        if f"Example: atlas {' '.join(words)}" not in " ".join(shown.output.split()):
            without.append(" ".join(words))
    assert without == []


def shown_commands(repository: Path) -> list[str]:
    """The commands that readers are shown: in documents, in examples of help, on the first page."""
    documents = [repository / "README.md", repository / "CONTRIBUTING.md"]
    documents += sorted((repository / "docs").rglob("*.md"))
    blocks = [
        block
        for path in documents
        for block in re.findall(r"```(?:sh|bash)\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
    ]
    home = (repository / "site_builder" / "pages" / "home.py").read_text("utf-8")
    strings = [node.value for node in ast.walk(ast.parse(home)) if isinstance(node, ast.Constant)]
    blocks += [text for text in strings if isinstance(text, str) and "atlas " in text]
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if re.match(r"\s*(\.venv/bin/)?atlas [a-z]", line)]


def test_every_command_that_readers_are_shown_parses(repository):
    shown = shown_commands(repository)
    assert sum("trace" in line for line in shown) >= 3  # one of them on the first page
    broken = []
    for line in shown:
        words = [word for word in shlex.split(line, comments=True) if word not in ("…", "...")]
        verb, rest = words[1], words[2:]
        command = atlas.get_command(click.Context(atlas), verb)
        if command is None:
            broken.append(line)
            continue
        try:
            if isinstance(command, click.Group):
                command, rest = command.commands[rest[0]], rest[1:]
            command.make_context(verb, rest)
        except (click.UsageError, LookupError) as error:
            # Files that the line before it writes are not there.
            if "does not exist" not in str(error):
                broken.append(f"{line}: {error}")
    assert broken == []


def test_an_unknown_verb_is_a_usage_error():
    finished = subprocess.run(
        [sys.executable, "-m", "atlas", "frobnicate"], capture_output=True, text=True
    )
    assert finished.returncode == 2
    assert "Traceback" not in finished.stderr
