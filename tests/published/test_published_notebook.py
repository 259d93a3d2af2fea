"""A published notebook runs for a newcomer: an empty folder, and what its first cell installs.

The environment holds what a hosted notebook service gives before the first cell: Python, pip and a
kernel. The wheel that this checkout builds stands in for the published package: pip is shown the
folder that it lies in, and what was installed is compared with it. All else comes from wherever pip
is set to look, in the newest versions, as it does for a newcomer.
"""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from atlas.entries.freshness import compare
from atlas.entries.measurement import Measurement
from hatch_build import LIBRARY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]

ENTRIES = ["microworld-refusing-harmful-requests", "microworld/transcoders/5-569"]  # quick ones
PACKAGE = "llm-circuits-atlas"
MEASURED = "import json; print(json.dumps([each.to_json() for each in result.measurements]))"
OF_THE_CHECKOUT = ("PYTHONPATH", "VIRTUAL_ENV", "HF_HUB_OFFLINE", "HF_HOME", "RAY_ADDRESS")


def run(*command: str | Path, **more) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, **more)
    assert done.returncode == 0, f"{command}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory) -> Path:
    """What would be published: the wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder,
        cwd=repository)  # fmt: skip
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def published(repository, tmp_path_factory) -> Path:
    """Filled notebooks, as `atlas notebook` writes them for publishing."""
    folder = tmp_path_factory.mktemp("published")
    library = folder / "library"  # the checkout's, with results of its own
    for name in LIBRARY:
        (library / name).parent.mkdir(parents=True, exist_ok=True)
        (library / name).symlink_to(repository / name)
    told = os.environ | {"PYTHONPATH": str(repository)}
    run(sys.executable, "-m", "atlas", "notebook", *ENTRIES, "--library", library,
        "--out", folder / "notebooks", cwd=folder, env=told)  # fmt: skip
    return folder / "notebooks"


@pytest.fixture(scope="module")
def newcomer(wheel, tmp_path_factory) -> tuple[Path, dict[str, str]]:
    """A Python with pip and a kernel and nothing else, and the variables of its user."""
    folder = tmp_path_factory.mktemp("newcomer")
    run(sys.executable, "-m", "venv", folder / "environment")
    python = folder / "environment" / "bin" / "python"
    told = {name: each for name, each in os.environ.items() if name not in OF_THE_CHECKOUT}
    (folder / "home").mkdir()
    told |= {"HOME": str(folder / "home"), "PATH": f"{python.parent}:{told['PATH']}"}
    run(python, "-m", "pip", "install", "--quiet", "ipykernel", env=told)
    assert not {"torch", "numpy", PACKAGE} & set(installed(python, told))
    shown = f"{told.get('PIP_FIND_LINKS', '')} {wheel.parent.as_uri()}"
    return python, told | {"PIP_FIND_LINKS": shown.strip()}


def installed(python: Path, told: dict[str, str]) -> dict[str, str]:
    listed = json.loads(run(python, "-m", "pip", "list", "--format", "json", env=told))
    return {each["name"].lower(): each["version"] for each in listed}


def files_of(wheel: Path) -> set[str]:
    """The files of a wheel with their digests, but the list of them itself."""
    with zipfile.ZipFile(wheel) as archive:
        (record,) = [name for name in archive.namelist() if name.endswith(".dist-info/RECORD")]
        lines = archive.read(record).decode().splitlines()
    return {line for line in lines if "sha256=" in line}


def installed_files(python: Path) -> set[str]:
    (record,) = python.parent.parent.glob("lib/python*/site-packages/llm_circuits_atlas-*/RECORD")
    return set(record.read_text("utf-8").splitlines())


def run_all_cells(path: Path, newcomer, folder: Path) -> nbformat.NotebookNode:
    """Every cell of the notebook in the newcomer's kernel, and one that tells what was measured."""
    python, told = newcomer
    book = nbformat.read(path, as_version=4)
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    book.cells.append(nbformat.v4.new_code_cell(MEASURED))
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernels = python.parent.parent / "kernels"
    (kernels / "newcomer").mkdir(parents=True, exist_ok=True)
    spec = {"argv": command, "display_name": "newcomer", "language": "python"}
    (kernels / "newcomer" / "kernel.json").write_text(json.dumps(spec), "utf-8")
    specs = KernelSpecManager(kernel_dirs=[str(kernels)])
    manager = AsyncKernelManager(kernel_name="newcomer", kernel_spec_manager=specs)
    client = NotebookClient(book, km=manager, timeout=2400)
    client.execute(cwd=str(folder), env=told, cleanup_kc=True)  # the manager is ours
    return book


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Jupyter's own
@pytest.mark.parametrize("entry", ENTRIES)
def test_it_installs_itself_and_measures_what_was_accepted(
    repository, wheel, published, newcomer, tmp_path, entry
):
    before = installed(*newcomer)
    name = entry.replace("/", "--")
    book = run_all_cells(published / f"{name}.ipynb", newcomer, tmp_path)
    assert list(tmp_path.iterdir()) == []  # a notebook leaves nothing behind
    assert files_of(wheel) <= installed_files(newcomer[0])
    said = "".join(each["text"] for each in book.cells[-1].outputs if each["name"] == "stdout")
    found = {each["claim"]: Measurement.from_json(each, name) for each in json.loads(said)}
    accepted = {
        each["claim"]: Measurement.from_json(each, name)
        for each in json.loads(baseline(repository, entry).read_text("utf-8"))["measurements"]
    }
    assert found
    assert compare(accepted, found) == []
    after = installed(*newcomer)
    assert "ray" not in after  # only what the first cell asks for
    if PACKAGE in before:
        assert after == before


def baseline(repository: Path, entry: str) -> Path:
    if "/" in entry:
        return repository / "features" / f"{entry}.reproduction.json"
    return repository / "circuits" / entry / "reproduction.json"
