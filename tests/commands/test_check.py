import json

import pytest
from click.testing import CliRunner

from atlas.commands.check import command
from atlas.commands.check_formats import annotation
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
    assert first == (
        'small.yaml:2:1: error E102: expected the key "name"; found no such key; add `name:` '
        "[guide/problems.html#E102]"
    )
    assert second.startswith("small.yaml:4:1: error E101 nane: expected a key of this format")
    assert second.endswith('(did you mean "name") [guide/problems.html#E101]')
    assert summary.endswith("2 errors in 1 file")


def drop(path, words):
    text = path.read_text()
    assert words in text
    path.write_text(text.replace(words, "", 1))


def test_a_warning_ends_with_code_1_only_if_strict(root):
    path = root / "circuits/from-city-to-capital/circuit.yaml"
    drop(path, "    found_by: ranked by what they carry on discovery rows\n")
    result = run("--library", root)
    assert result.exit_code == 0
    assert "circuit.yaml:36:5: warning E245 parts[2]: expected how" in result.output
    assert result.output.endswith("1 warning in 1 file\n")
    assert run("--library", root, "--strict").exit_code == 1


def test_information_never_changes_the_exit_code(root):
    path = root / "circuits/from-city-to-capital/circuit.yaml"
    drop(path, 'story: "Read the parts from left to right."\n')
    result = run("--library", root, "--strict")
    assert (result.exit_code, "information E244" in result.output) == (0, True)
    assert result.output.endswith("1 piece of information in 1 file\n")


def test_sarif_has_each_problem_with_its_rule_level_and_place(root):
    drop(root / "models/small.yaml", "name: Small\n")
    drop(root / "models/public.yaml", "name: Public\n")
    path = root / "circuits/from-city-to-capital/circuit.yaml"
    drop(path, 'story: "Read the parts from left to right."\n')
    found = json.loads(run("--library", root, "--format", "sarif").output)
    (only,) = found["runs"]
    rules = only["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["E102", "E244"]
    levels = [(each["ruleId"], each["level"]) for each in only["results"]]
    assert levels == [("E244", "note"), ("E102", "error"), ("E102", "error")]
    for each in only["results"]:
        assert rules[each["ruleIndex"]]["id"] == each["ruleId"]
        place = each["locations"][0]["physicalLocation"]
        assert (root / place["artifactLocation"]["uri"]).is_file()
        assert place["region"] == {"startLine": 2, "startColumn": 1}


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


def test_github_tells_weights_apart(root):
    path = root / "circuits/from-city-to-capital/circuit.yaml"
    drop(path, 'story: "Read the parts from left to right."\n')
    drop(path, "    found_by: ranked by what they carry on discovery rows\n")
    lines = run("--library", root, "--format", "github").output.splitlines()
    assert [line.split(" ")[0] for line in lines[:2]] == ["::notice", "::warning"]


def test_fix_puts_the_form_right_and_reports_the_rest(root, monkeypatch):
    monkeypatch.chdir(root)
    path = root / "models/small.yaml"
    text = path.read_text()
    path.write_text(text.replace("id: small\nname: Small", "name: Small\nid: smaller  "))
    before = run("--library", root)
    assert "models/small.yaml:3:1: warning E136: expected" in before.output
    assert before.output.endswith("`atlas check --fix` puts right: E136\n")
    result = run("--library", root, "--fix")
    assert result.stderr == "formed models/small.yaml\n"
    assert path.read_text() == text.replace("id: small", "id: smaller")
    assert result.exit_code == 1
    assert "E401" in result.stdout
    assert "E136" not in result.stdout


def test_fix_says_what_it_refused(root, tmp_path):
    outside = tmp_path / "outside.yaml"
    outside.write_text((root / "models/public.yaml").read_text() + "\n")
    (root / "models/public.yaml").unlink()
    (root / "models/public.yaml").symlink_to(outside)
    result = run("--library", root, "--fix")
    assert result.exit_code == 1
    assert result.stderr.startswith("atlas: models/public.yaml: expected a file inside the library")
