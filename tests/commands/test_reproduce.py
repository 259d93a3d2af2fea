"""`atlas reproduce` as a person calls it; the runs themselves are tested in tests/runs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from atlas.commands.reproduce import command, default_results, summary
from atlas.entries.library import Library
from atlas.errors import BadInput, BrokenReference

REPOSITORY = Path(__file__).resolve().parents[2]


def write_library(root: Path) -> Path:
    """A library with one model, and one circuit whose notebook does not exist."""
    (root / "circuits" / "small").mkdir(parents=True)
    (root / "models").mkdir()
    model = {
        "schema_version": 1, "id": "tiny", "name": "Tiny", "kind": "microworld",
        "architecture": "x", "parameters": 1, "layers": 1, "d_model": 1, "heads": 1, "d_vocab": 1,
        "context": 8, "licence": "CC0-1.0", "weights": {"folder": "weights"}, "dictionaries": [],
        "resources": {"gpus": 0, "memory_gb": 1, "minutes": 1}, "languages": ["en"],
    }  # fmt: skip
    circuit = {
        "schema_version": 1, "id": "small", "title": "Small", "summary": "A small circuit.",
        "domain": "reasoning", "behaviour": "b", "languages": ["en"], "model": "tiny",
        "dictionary": "transcoders", "lifecycle": "active", "created": "2026-11-21",
        "licence": "CC-BY-4.0", "curators": [{"name": "T"}], "target": "answer",
        "prompts": {"file": "prompts.jsonl"}, "notebook": {"name": "missing"},
    }  # fmt: skip
    (root / "models" / "tiny.yaml").write_text(json.dumps(model), encoding="utf-8")
    (root / "circuits/small/circuit.yaml").write_text(json.dumps(circuit), encoding="utf-8")
    (root / "circuits/small/prompts.jsonl").write_text("", encoding="utf-8")
    return root


def call(*arguments: str):
    return CliRunner().invoke(command, list(arguments))


@pytest.fixture
def library(tmp_path) -> Path:
    return write_library(tmp_path / "library")


def test_an_entry_that_does_not_run_is_one_line_and_exit_code_one(library, tmp_path):
    found = call("small", "--library", str(library), "--results", str(tmp_path / "results"))
    assert found.exit_code == 1
    assert "notebook missing: expected one of []; found no such notebook" in found.output
    assert "1 entries: 1 not run; 1 failing." in found.output


def test_json_holds_the_same(library, tmp_path):
    found = call("--all", "--library", str(library), "--results", str(tmp_path / "results"),
                 "--format", "json")  # fmt: skip
    (outcome,) = json.loads(found.stdout)
    assert (outcome["entry"], outcome["reproduction"]) == ("small", "failing")
    assert "no such notebook" in outcome["error"]


def test_a_model_that_needs_a_gpu_is_skipped_and_that_is_no_failure(library, tmp_path):
    path = library / "models" / "tiny.yaml"
    path.write_text(path.read_text("utf-8").replace('"gpus": 0', '"gpus": 1'), encoding="utf-8")
    found = call("--all", "--library", str(library), "--results", str(tmp_path / "results"))
    assert found.exit_code == 0
    assert "1 skipped" in found.output


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ([], BadInput, "ids, or --all, or --changed"),
        (["small", "--all"], BadInput, "2 of them"),
        (["smal"], BrokenReference, "small"),
        (["--all", "--model", "gemma"], BadInput, "on the model gemma"),
    ],
)
def test_what_is_asked_for_must_exist(library, tmp_path, arguments, error, message):
    found = call(*arguments, "--library", str(library), "--results", str(tmp_path / "results"))
    assert isinstance(found.exception, error)
    assert message in str(found.exception)


def test_results_lie_in_the_checkout_and_never_in_an_installed_package(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checkout = Library(REPOSITORY, "checkout")
    assert default_results(checkout) == REPOSITORY / "build" / "results"
    assert default_results(Library(REPOSITORY, "package")) == tmp_path / "build" / "results"


def test_nothing_to_do_is_said():
    assert summary([]).startswith("Nothing to run")
