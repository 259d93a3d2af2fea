"""Runs a notebook with papermill in a kernel of its own, and keeps a copy that anyone may see.

The copy holds sources and outputs, and nothing of the machine: no times, no paths, no random ids.
"""

from __future__ import annotations

import ast
import os
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

import atlas.errors
from atlas.errors import BadInput, NotebookFailed
from atlas.files.refusal import told_refusal

ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class NotebookSettings:
    """How a notebook is run."""

    seconds_per_cell: int = 1800  # a cell that hangs fails the notebook
    environment: Mapping[str, str] = field(default_factory=dict)  # set in the kernel
    hidden_parameters: tuple[str, ...] = ("results_folder",)  # written as "" in the copy
    folder: Path | None = None  # working directory of the kernel; None: an empty one
    scratch: Path | None = None  # where the kernel's own files lie; None: the system's place


def run_notebook(
    source: Path,
    parameters: Mapping[str, Any],
    settings: NotebookSettings = NotebookSettings(),  # noqa: B008  frozen, so safe to share
) -> NotebookNode:
    """The executed notebook, without anything of this machine.

    Raises:
        BadInput: no such notebook, or a parameter that it does not have.
        NotebookFailed: a cell raised; the error carries cell, source and the last line.
        CannotWrite: a cell raised because the system refused to write.
    """
    _check_parameters(source, parameters)
    with tempfile.TemporaryDirectory(prefix="atlas-notebook-", dir=settings.scratch) as folder:
        kernel_folder = Path(folder)
        with _environment(_kernel_environment(kernel_folder) | dict(settings.environment)):
            executed = _execute(source, parameters, kernel_folder, settings)
    return cleaned(executed, settings.hidden_parameters)


def notebook_text(notebook: NotebookNode) -> str:
    """The notebook as the text of an .ipynb file."""
    return str(nbformat.writes(notebook)) + "\n"


def cleaned(notebook: NotebookNode, hidden_parameters: tuple[str, ...] = ()) -> NotebookNode:
    """A copy without times, paths, process numbers and random ids."""
    copy = nbformat.from_dict(notebook)
    copy.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in copy.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type != "code":
            continue
        if "injected-parameters" in tags:
            cell.id = "injected-parameters"
            cell.source = _without_values(cell.source, hidden_parameters)
        cell.outputs = [_clean_output(output) for output in cell.outputs if _is_kept(output)]
    return copy


def _check_parameters(source: Path, parameters: Mapping[str, Any]) -> None:
    if not source.is_file():
        known = sorted(path.stem for path in source.parent.glob("*.ipynb"))
        raise BadInput(f"notebook {source.stem}", f"one of {known}", "no such notebook")
    known = known_parameters(source)
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise BadInput(
            f"notebook {source.stem}",
            f"parameters among {', '.join(known) or 'none'}",
            ", ".join(unknown),
            "name it in the notebook's cell that is tagged parameters",
        )


def known_parameters(source: Path) -> list[str]:
    """The names that the notebook's cell tagged `parameters` assigns, sorted.

    Raises NotebookFailed if the file is no notebook or that cell is no Python.
    """
    try:
        notebook = nbformat.read(source, as_version=4)
        cells = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
        statements = [line for cell in cells for line in ast.parse(cell.source).body]
    except (OSError, SyntaxError, nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        raise NotebookFailed(
            f"notebook {source.stem}", "a notebook with a cell of parameters", str(error)[:200]
        ) from error
    assigned = [line for line in statements if isinstance(line, ast.Assign)]
    return sorted(
        target.id for line in assigned for target in line.targets if isinstance(target, ast.Name)
    )


def _execute(
    source: Path, parameters: Mapping[str, Any], folder: Path, settings: NotebookSettings
) -> NotebookNode:
    # Else it lies in the system's temporary folder, where a kill would leave it.
    connection = Config({"KernelManager": {"connection_file": str(folder / "kernel.json")}})
    with warnings.catch_warnings():
        # Jupyter's own deprecations say nothing about the notebook.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return papermill.execute_notebook(
                str(source),
                None,
                parameters=dict(parameters),
                kernel_name="python3",
                language="python",
                progress_bar=False,
                log_output=False,
                cwd=str(settings.folder or folder),
                config=connection,
                execution_timeout=settings.seconds_per_cell,
                extra_arguments=["--log-level=CRITICAL"],
            )
        except PapermillExecutionError as error:
            refused = told_refusal(str(error.evalue), settings.scratch or folder)
            raise refused or _failed(source, error) from error
        except (TimeoutError, RuntimeError) as error:
            # The kernel did not start, died, or a cell ran out of time.
            raise NotebookFailed(
                f"notebook {source.stem}", "a kernel that runs every cell", _first_line(str(error))
            ) from error


def _failed(source: Path, error: PapermillExecutionError) -> NotebookFailed:
    """The error with the cell's number, its source and the last line of its traceback."""
    last = _first_line(f"{error.ename}: {ANSI.sub('', str(error.evalue))}")
    failed = NotebookFailed(
        f"notebook {source.stem}, cell {error.cell_index + 1}",
        "every cell to run",
        last,
        "run the notebook by hand to see the whole traceback",
    )
    failed.cell = error.cell_index
    failed.source = str(error.source)
    failed.last_line = last
    return failed


def _kernel_environment(folder: Path) -> dict[str, str]:
    """The kernel's settings: this Python, this atlas, and nobody's own start-up files."""
    environment = {
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    root = Path(atlas.errors.__file__).parent.parent
    if root.name != "site-packages":
        paths = [str(root), os.environ.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return environment


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Environment variables set for a while; afterwards what was there before."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _without_values(source: str, names: tuple[str, ...]) -> str:
    """The injected cell with these parameters set to the empty text."""
    for name in names:
        source = re.sub(rf"^{re.escape(name)} = .*$", f'{name} = ""', source, flags=re.MULTILINE)
    return source


def _is_kept(output: NotebookNode) -> bool:
    """Progress and warnings on stderr are the machine's, not the notebook's."""
    return not (output.output_type == "stream" and output.name == "stderr")


def _clean_output(output: NotebookNode) -> NotebookNode:
    if "metadata" in output:
        output.metadata = nbformat.from_dict({})
    return output


def _first_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[0][:300] if lines else "nothing"
