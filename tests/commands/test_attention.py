from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from atlas.commands.attention import command
from atlas.errors import AtlasError

ENTRY = "microworld-bracket-closing"


def run(*words):
    return CliRunner().invoke(command, [ENTRY, *words], catch_exceptions=False)


def test_it_lists_the_heads_that_matter_most(repository, monkeypatch):
    monkeypatch.chdir(repository)
    options = ("--key", "1", "--where", "open_at_answer=1", "--where", "depth=4", "--top", "3")
    text = run(*options).stdout.splitlines()
    assert text[0].split() == ["head", "attention", "the", "answer's", "lead", "loses"]
    assert len(text) == 4
    found = json.loads(run(*options, "--format", "json").stdout)
    assert text[1].split()[:2] == [
        f"{found[0]['layer']}.{found[0]['head']}",
        f"{found[0]['attention']:.3f}",
    ]
    assert found[0]["effect"] > found[1]["effect"] > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--key", "any"], "one position"),
        (["--key", "1", "--where", "depth"], "entity=value"),
        (["--key", "elephant"], "elephant"),
    ],
)
def test_bad_input_is_an_error_of_one_line(options, message, repository, monkeypatch):
    monkeypatch.chdir(repository)
    with pytest.raises(AtlasError, match=message) as caught:
        run(*options)
    assert "\n" not in str(caught.value)
