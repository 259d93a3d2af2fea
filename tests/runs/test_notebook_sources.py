"""The notebooks in git: no outputs, fixed ids, and an installation that spares torch."""

import importlib.metadata
import importlib.util
import json
import subprocess
from pathlib import Path

import nbformat
import pytest

from atlas.runs.notebooks import known_parameters

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
SOURCES = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture(params=SOURCES, ids=lambda path: path.stem)
def source(request) -> Path:
    return request.param


def test_a_source_is_valid_and_has_no_outputs(source):
    book = nbformat.read(source, as_version=4)
    nbformat.validate(book)
    assert (book.nbformat, book.nbformat_minor) == (4, 5)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


def test_ids_are_fixed_words(source):
    ids = [cell["id"] for cell in json.loads(source.read_text("utf-8"))["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(cell_id.replace("-", "").isalpha() for cell_id in ids)


def test_it_takes_an_entry_and_a_folder(source):
    assert known_parameters(source) == ["entry_id", "results_folder"]


def install_cell(source) -> str:
    cell = nbformat.read(source, as_version=4).cells[0]
    assert cell.metadata.tags == ["install"]
    return cell.source


def run_install(source, monkeypatch, present: set[str]) -> list[list[str]]:
    """What the first cell would install where only these packages are there."""
    called: list[list[str]] = []
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: object() if name in present else None
    )
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "2.6.0+cu124")
    monkeypatch.setattr(subprocess, "check_call", called.append)
    exec(compile(install_cell(source), "install", "exec"), {})  # noqa: S102  our own notebook
    return called


def test_where_the_atlas_is_there_nothing_is_installed(source, monkeypatch):
    assert run_install(source, monkeypatch, {"atlas", "torch"}) == []


def test_an_installed_torch_stays_as_it_is(source, monkeypatch):
    ((*_, package, torch),) = run_install(source, monkeypatch, {"torch"})
    assert package == "llm-circuits-atlas[engine,notebooks]"
    assert torch == "torch==2.6.0+cu124"


def test_without_torch_pip_chooses_one(source, monkeypatch):
    ((*_, last),) = run_install(source, monkeypatch, set())
    assert last == "llm-circuits-atlas[engine,notebooks]"
