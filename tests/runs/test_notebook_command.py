"""`atlas notebook` writes what a run has left, and runs what has not run."""

import shutil

import nbformat
from click.testing import CliRunner

from atlas.commands import notebook


def test_it_writes_one_filled_notebook_per_entry(accepted_run, tmp_path):
    library, results, _ = accepted_run
    shutil.copytree(library, tmp_path / "library")
    shutil.copytree(results, tmp_path / "library" / "build" / "results")
    out = tmp_path / "notebooks"
    found = CliRunner().invoke(
        notebook.command, ["--all", "--library", str(tmp_path / "library"), "--out", str(out)]
    )
    assert found.exit_code == 0, found.output
    names = sorted(path.name for path in out.iterdir())
    assert names == ["planted.ipynb", "tiny--transcoders--2-0.ipynb"]
    for path in out.iterdir():
        book = nbformat.read(path, as_version=4)
        nbformat.validate(book)
        assert any(cell.get("outputs") for cell in book.cells)


def test_an_entry_that_cannot_run_leaves_no_notebook_and_exit_code_one(accepted_run, tmp_path):
    library, _, _ = accepted_run
    shutil.copytree(library, tmp_path / "library")
    (tmp_path / "library" / "notebooks" / "circuit.ipynb").unlink()
    out = tmp_path / "notebooks"
    found = CliRunner().invoke(
        notebook.command, ["planted", "--library", str(tmp_path / "library"), "--out", str(out)]
    )
    assert found.exit_code == 1
    assert "no such notebook" in found.output
    assert list(out.iterdir()) == []
