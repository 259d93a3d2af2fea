"""Every rule refuses its decoy, with the very message that the table holds."""

import pytest

from atlas.entries.checks import check
from atlas.entries.library import Library
from atlas.entries.rules.table import all_codes
from tests.entries.sample_library import write_library
from tests.library.decoys import DECOYS


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return write_library(tmp_path_factory.mktemp("sample"))


@pytest.fixture
def break_file(sample):
    """Breaks one file of the sample and puts it right again afterwards."""
    undo = []

    def change(decoy):
        path = sample / decoy.file
        before = path.read_bytes() if path.exists() else None
        undo.append((path, before))
        if decoy.old is not None:
            text = path.read_text("utf-8")
            assert decoy.old in text, "the edit no longer fits the sample"
            path.write_text(text.replace(decoy.old, decoy.new, 1), encoding="utf-8")
            return
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(decoy.new if isinstance(decoy.new, bytes) else decoy.new.encode())

    yield change
    for path, before in undo:
        if before is not None:
            path.write_bytes(before)
            continue
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def test_the_sample_itself_has_no_problem(sample):
    assert check(Library.open(sample)).problems == ()


@pytest.mark.parametrize("decoy", DECOYS, ids=lambda decoy: decoy.code)
def test_a_broken_file_gives_its_message(sample, break_file, decoy):
    break_file(decoy)
    messages = [str(problem) for problem in check(Library.open(sample)).problems]
    assert decoy.expected in messages


def test_no_code_is_without_a_decoy():
    assert {decoy.code for decoy in DECOYS} == set(all_codes()) - {_NO_OLD_VERSION, _LOST}


# Every format is at its first version; tests/entries/test_migrations.py makes a second one.
_NO_OLD_VERSION = "E139"
_LOST = "E704"  # needs a history; tests/entries/test_history.py makes one


def test_a_code_stands_for_one_demand():
    assert len(set(all_codes().values())) == len(all_codes()) - _SAME_WORDS


# "the id is the name of the file" holds for models, resources and vocabularies.
_SAME_WORDS = 2


def test_breaking_two_files_reports_both(sample, break_file):
    first, second = (next(one for one in DECOYS if one.code == code) for code in ("E103", "E502"))
    break_file(first)
    break_file(second)
    messages = [str(problem) for problem in check(Library.open(sample)).problems]
    assert messages == [first.expected, second.expected]
