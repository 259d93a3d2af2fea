import json

import pytest
from click.testing import CliRunner

from atlas.commands.list import command
from tests.entries.sample_library import write_library


@pytest.fixture
def run(tmp_path):
    root = write_library(tmp_path / "library")

    def invoke(*arguments):
        line = ["--library", str(root), *arguments]
        return CliRunner().invoke(command, line, catch_exceptions=False).output

    return invoke


def test_circuits_are_listed_with_their_verdict(run):
    lines = run().splitlines()
    assert lines[0].split() == [
        "id",
        "domain",
        "behaviour",
        "model",
        "lifecycle",
        "verdict",
        "title",
    ]
    assert lines[2].split()[:6] == [
        "from-city-to-capital", "reasoning", "two-hop-capital", "small", "active", "not_run",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--domain", "safety"),
        ("--model", "public"),
        ("--behaviour", "antonym"),
        ("--lifecycle", "draft"),
    ],
)
def test_a_filter_leaves_what_matches(run, option, value):
    rows = json.loads(run(option, value, "--format", "json"))
    assert [row["id"] for row in rows] == ["another-circuit"]


def test_nothing_that_matches_is_said_in_words(run):
    assert run("--domain", "planning") == "no circuits match\n"


@pytest.mark.parametrize(
    ("kind", "first"),
    [("features", "small/transcoders/1-10"), ("models", "public"), ("resources", "another-paper")],
)
def test_other_kinds_are_listed(run, kind, first):
    assert json.loads(run(kind, "--format", "json"))[0]["id"] == first
