import json

import pytest
from click.testing import CliRunner

from atlas.commands.check import annotation, command
from atlas.entries.problems import Problem
from tests.entries.sample_library import write_library


@pytest.fixture
def root(tmp_path):
    return write_library(tmp_path / "library")


def run(*arguments):
    return CliRunner().invoke(command, [str(one) for one in arguments], catch_exceptions=False)


def test_a_clean_library_ends_with_a_summary_and_exit_code_0(root):
    result = run("--library", root)
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "2 circuits, 1 feature, 2 models, 2 resources, 5 vocabularies, "
        "1 file of redirects checked: no problems"
    ]


def test_every_problem_is_a_line_and_the_exit_code_is_1(root, monkeypatch):
    path = root / "models/small.yaml"
    path.write_text(path.read_text().replace("name: Small", "nane: Small"))
    monkeypatch.chdir(root / "models")
    result = run("--library", root)
    assert result.exit_code == 1
    first, second, summary = result.output.splitlines()
    assert first == 'small.yaml:2:1: E102: expected the key "name"; found no such key; add `name:`'
    assert second.startswith("small.yaml:4:1: E101 nane: expected a key of this format")
    assert second.endswith('(did you mean "name")')
    assert summary.endswith("2 problems in 1 file")


def test_json_has_the_parts_of_each_problem(root):
    path = root / "models/small.yaml"
    path.write_text(path.read_text().replace("id: small", "id: tall"))
    result = run("--library", root, "--format", "json")
    (problem,) = json.loads(result.output)["problems"]
    assert (problem["file"], problem["line"], problem["code"]) == ("models/small.yaml", 3, "E401")


def test_an_annotation_cannot_be_broken_out_of():
    problem = Problem("a,b:c.yaml", 1, 2, "E101", "x", "y", "50 %\n::error::z", "w")
    assert annotation(problem) == (
        "::error file=a%2Cb%3Ac.yaml,line=1,col=2,title=E101::"
        "x: expected y; found 50 %25%0A::error::z; w"
    )


def test_github_prints_annotations(root):
    path = root / "models/small.yaml"
    path.write_text(path.read_text().replace("id: small", "id: tall"))
    output = run("--library", root, "--format", "github").output
    assert output.startswith("::error file=models/small.yaml,line=3,col=5,title=E401::id: expected")
