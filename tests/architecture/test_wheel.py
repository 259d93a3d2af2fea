"""The wheel carries the library: it lists, traces and reproduces far away from the checkout."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

LISTED = "microworld-states-and-capitals"
ENTRY = "microworld-switching-languages"  # one that takes little time
LARGEST_WHEEL = 70_000_000  # bytes


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory) -> Path:
    """The wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    finished = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """A new environment with only the wheel; third-party packages are lent by this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*install, str(site_packages), str(wheel)], check=True)
    (site_packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return folder


def run(environment: Path, folder: Path, *arguments: str) -> str:
    """Standard output of `python -m atlas …` in the new environment, away from the checkout."""
    python = environment / "bin" / "python"
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    finished = subprocess.run(
        [str(python), "-m", "atlas", *arguments],
        cwd=folder, env=clean, capture_output=True, text=True,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_the_wheel_is_small_enough(wheel):
    assert wheel.stat().st_size < LARGEST_WHEEL


def test_the_engine_comes_from_the_wheel(environment, tmp_path):
    python = environment / "bin" / "python"
    code = "import atlas.cli; print(atlas.cli.__file__)"
    found = subprocess.run([str(python), "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert str(environment) in found.stdout


def test_it_lists(environment, tmp_path):
    assert LISTED in run(environment, tmp_path, "list", "circuits")


def test_it_traces(environment, tmp_path):
    prompt = "The capital of the state containing Dallas is"
    run(environment, tmp_path, "trace", "--model", "microworld", "--dictionary", "transcoders",
        "--prompt", prompt, "--out", "graph.npz")  # fmt: skip
    assert (tmp_path / "graph.npz").stat().st_size > 1000


def test_it_reproduces_one_entry(environment, tmp_path):
    table = run(environment, tmp_path, "reproduce", ENTRY, "--results", str(tmp_path / "results"))
    assert ENTRY in table
    assert (tmp_path / "results" / ENTRY.replace("/", "--") / "result.json").exists()
