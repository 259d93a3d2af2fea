"""A run ends what a killed one left running, and nothing else."""

import subprocess
import sys
import time

import pytest

from atlas.entries.library import Library
from atlas.errors import BadInput
from atlas.runs.plan import Choice
from atlas.runs.reproduce import ReproduceSettings, reproduce

# As a kernel does that still starts: it makes its folders anew wherever they went.
WRITES_ON = """
import pathlib, sys
while True:
    path = pathlib.Path(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
"""


@pytest.fixture
def writing_to():
    """Starts a program that writes a file again and again."""
    started = []

    def start(path):
        started.append(subprocess.Popen([sys.executable, "-c", WRITES_ON, str(path)]))
        while not path.exists():
            time.sleep(0.01)
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_kernel_that_outlived_its_run_is_ended_before_its_folder_is_removed(tmp_path, writing_to):
    results = tmp_path / "results"
    kernel = writing_to(results / ".a1b2.unfinished" / "atlas-notebook-c3" / "kernel.json")
    others = [
        writing_to(tmp_path / "another" / ".a1b2.unfinished" / "kernel.json"),
        writing_to(results / "an-entry" / "notes.json"),
    ]
    (tmp_path / "library" / "circuits").mkdir(parents=True)
    library = Library.open(tmp_path / "library")
    with pytest.raises(BadInput, match="found none"):  # it looks for entries when all is clean
        reproduce(library, Choice(everything=True), ReproduceSettings(results), print)
    assert kernel.poll() is not None
    assert not list(results.glob(".*.unfinished"))
    assert [each.poll() for each in others] == [None, None]
