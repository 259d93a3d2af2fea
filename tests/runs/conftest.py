from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock

from tests import planted_library
from tests.runs import planted_run

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def whole_programs(unchecked_shapes):
    """Methods have their shapes checked by tests of their own."""


@pytest.fixture(scope="session")
def accepted_run(tmp_path_factory):
    """A planted library after a whole run that was accepted: library, results, what was printed.

    It is made once for all processes of a test run; tests copy it before they change it.
    """
    shared = tmp_path_factory.getbasetemp()
    if planted_run.of_several_processes():
        shared = shared.parent
    shared = shared / "accepted-run"
    library, results, printed = (shared / name for name in ("library", "results", "printed"))
    with FileLock(f"{shared}.lock"):
        if not printed.is_file():
            planted_library.build(library, REPOSITORY / "notebooks")
            options = ("--accept", "--jobs", "2", "--journal", str(shared / "journal"))
            code, out, err = planted_run.reproduce(library, results, *options)
            assert code == 0, err
            printed.write_text(out, encoding="utf-8")
    return library, results, printed.read_text(encoding="utf-8")
