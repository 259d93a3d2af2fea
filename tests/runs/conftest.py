from __future__ import annotations

from pathlib import Path

import pytest

from tests import planted_library
from tests.runs import planted_run

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def planted_library_folder(tmp_path_factory):
    """A planted library with a circuit and a feature; tests copy it before they change it."""
    root = tmp_path_factory.mktemp("planted") / "library"
    return planted_library.build(root, REPOSITORY / "notebooks")


@pytest.fixture(scope="session")
def accepted_run(planted_library_folder, tmp_path_factory):
    """The library after a whole run that was accepted: library, results, what was printed."""
    results = tmp_path_factory.mktemp("accepted") / "results"
    journal = results.parent / "journal"
    options = ("--accept", "--journal", str(journal))
    code, out, err = planted_run.reproduce(planted_library_folder, results, *options)
    assert code == 0, err
    return planted_library_folder, results, out
