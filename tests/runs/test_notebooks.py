"""Notebooks run in their own kernel and leave nothing of the machine in their copy."""

import pickle

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from atlas.errors import BadInput, CannotWrite, NotebookFailed
from atlas.runs.notebooks import NotebookSettings, cleaned, notebook_text, run_notebook


def write(path, *sources):
    """A notebook with a parameters cell and these code cells."""
    parameters = new_code_cell('name = "nobody"\nresults_folder = ""', id="parameters")
    parameters.metadata.tags = ["parameters"]
    cells = [new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(sources)]
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Title"), parameters, *cells]), path)
    return path


def test_a_notebook_runs_with_its_parameters_and_leaves_no_trace(tmp_path):
    source = write(
        tmp_path / "greet.ipynb",
        "import sys, atlas.errors\nprint('hello', name)\nprint('no' + 'ise', file=sys.stderr)",
    )
    folder = str(tmp_path / "results")
    copy = run_notebook(source, {"name": "Ada", "results_folder": folder})
    text = notebook_text(copy)
    assert "hello Ada" in text
    assert 'results_folder = \\"\\"' in text
    for trace in (str(tmp_path), "papermill", "noise", "start_time"):
        assert trace not in text
    assert notebook_text(run_notebook(source, {"name": "Ada", "results_folder": folder})) == text


def test_a_cell_that_raises_is_named_with_its_source_and_its_last_line(tmp_path):
    source = write(tmp_path / "broken.ipynb", "x = 1", "y = x / 0")
    with pytest.raises(NotebookFailed, match="ZeroDivisionError: division by zero") as caught:
        run_notebook(source, {})
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.source, error.last_line) == ("y = x / 0", "ZeroDivisionError: division by zero")
    assert f"cell {error.cell + 1}" in str(error)


def test_all_that_a_kernel_writes_lies_where_a_kill_would_not_let_it_pile_up(tmp_path):
    """The settings' scratch folder is one that the next run clears; the system's is not."""
    shown = "print(get_ipython().config.IPKernelApp.connection_file)"
    source = write(tmp_path / "where.ipynb", shown)
    (tmp_path / "scratch").mkdir()
    copy = run_notebook(source, {}, NotebookSettings(scratch=tmp_path / "scratch"))
    (output,) = copy.cells[-1].outputs
    assert output.text.startswith(str(tmp_path / "scratch"))
    assert not list((tmp_path / "scratch").iterdir())


def test_a_cell_for_which_there_is_no_room_is_told_from_one_that_is_wrong(tmp_path):
    source = write(tmp_path / "full.ipynb", "open('/dev/full', 'wb', 0).write(b'x')")
    with pytest.raises(CannotWrite, match="No space left on device; make room there"):
        run_notebook(source, {})


def test_a_parameter_that_the_notebook_does_not_have_is_refused_before_it_runs(tmp_path):
    source = write(tmp_path / "greet.ipynb", "raise SystemExit")
    with pytest.raises(BadInput, match="parameters among name, results_folder; found nmae"):
        run_notebook(source, {"nmae": "Ada"})


def test_a_notebook_that_is_not_there_is_refused(tmp_path):
    write(tmp_path / "greet.ipynb")
    with pytest.raises(BadInput, match=r"one of \['greet'\]"):
        run_notebook(tmp_path / "great.ipynb", {})


def test_cleaning_keeps_text_and_pictures_and_drops_what_varies():
    outputs = [
        new_output("stream", name="stdout", text="kept"),
        new_output("stream", name="stderr", text="dropped"),
        new_output("display_data", {"image/png": "aGk="}, metadata={"needs": "none"}),
    ]
    cell = new_code_cell("x = 1", id="a", outputs=outputs, execution_count=1)
    cell.metadata = nbformat.from_dict({"execution": {"iopub.execute_input": "2026"}})
    book = new_notebook(cells=[cell], metadata={"papermill": {"duration": 3}, "host": "me"})
    copy = cleaned(book)
    assert [output.output_type for output in copy.cells[0].outputs] == ["stream", "display_data"]
    assert "2026" not in notebook_text(copy)
    assert set(copy.metadata) == {"kernelspec", "language_info"}
    assert book.metadata.host == "me"
