"""Files and folders appear whole or not at all, at whichever step their writer dies."""

import os
import resource
import stat
import threading

import pytest

from atlas.errors import CannotWrite
from atlas.files import whole
from atlas.files.names import is_passing
from atlas.files.whole import remove_unfinished, whole_file, whole_folder, write_whole
from tests.files.child import FINE, in_child
from tests.files.dying import STEPS, dies_at

MANY = 100  # more steps than any of these writers takes


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write_folder(folder, text):
    with whole_folder(folder) as place:
        (place / "a").write_text(text)
        (place / "b").mkdir()
        (place / "b" / "c").write_text(text)


def read_folder(folder):
    assert names(folder) == ["a", "b"]
    (text,) = {(folder / "a").read_text(), (folder / "b" / "c").read_text()}
    return text


def test_a_file_is_written_and_replaced(tmp_path):
    write_whole(tmp_path / "x", b"old")
    write_whole(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"new"
    assert names(tmp_path) == ["x"]


def test_a_file_that_dies_at_any_step_is_the_old_or_the_new_one(tmp_path):
    path = tmp_path / "x"
    found = []
    for step in range(MANY):
        write_whole(path, b"old")
        if not dies_at(step, lambda: write_whole(path, b"the new one")):
            break
        found.append(path.read_bytes())
        assert len(names(tmp_path)) <= 2  # what the dead left, once
    assert len(found) >= 3
    assert set(found) == {b"old", b"the new one"}
    write_whole(path, b"after")
    assert names(tmp_path) == ["x"]


@pytest.mark.parametrize("exchanging", [True, False])
def test_a_folder_that_dies_at_any_step_is_the_old_or_the_new_one(
    tmp_path, monkeypatch, exchanging
):
    if not exchanging:
        monkeypatch.setattr(whole, "exchange", lambda *names: False)
    folder = tmp_path / "x"
    found = []
    for step in range(MANY):
        write_folder(folder, "old")
        if not dies_at(step, lambda: write_folder(folder, "the new one")):
            break
        if not exchanging:
            remove_unfinished(tmp_path)  # gives its name back to what lost it between two renames
        found.append(read_folder(folder))
        assert len(names(tmp_path)) <= 2
    assert len(found) >= 4
    assert set(found) == {"old", "the new one"}
    remove_unfinished(tmp_path)
    assert names(tmp_path) == ["x"]


def test_every_step_that_changes_names_is_one_that_a_writer_can_die_at():
    assert {"replace", "rename", "fsync", "unlink", "rmdir", "exchange"} <= set(STEPS)


def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path):
    write_whole(tmp_path / "x", b"old")
    write_folder(tmp_path / "y", "old")
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "x") as place:
        place.write_bytes(b"half")
        1 / 0  # noqa: B018
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "y") as place:
        (place / "a").write_text("half")
        1 / 0  # noqa: B018
    assert (tmp_path / "x").read_bytes() == b"old"
    assert read_folder(tmp_path / "y") == "old"
    assert names(tmp_path) == ["x", "y"]


def test_what_a_dead_writer_left_is_taken_over_and_never_shines_through(tmp_path):
    (tmp_path / ".x.unfinished").write_bytes(b"a longer text of the dead")
    (tmp_path / ".y.unfinished" / "deep").mkdir(parents=True)
    (tmp_path / ".y.unfinished" / "file").touch()
    write_whole(tmp_path / "x", b"new")
    with whole_file(tmp_path / "z"):
        pass  # a writer that writes nothing gives an empty file
    write_folder(tmp_path / "y", "new")
    assert (tmp_path / "x").read_bytes() == b"new"
    assert (tmp_path / "z").read_bytes() == b""
    assert read_folder(tmp_path / "y") == "new"
    assert names(tmp_path) == ["x", "y", "z"]


def test_two_writers_of_one_file_do_not_mix(tmp_path):
    path = tmp_path / "x"
    texts = [bytes([letter]) * 200_000 for letter in b"abcd"]
    threads = [threading.Thread(target=write_whole, args=(path, text)) for text in texts]
    with whole_file(path) as place:  # a third one is under way all the while
        place.write_bytes(b"slow")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert path.read_bytes() in texts
        remove_unfinished(tmp_path)  # which leaves what is being written
        assert place.read_bytes() == b"slow"
    assert path.read_bytes() == b"slow"
    assert names(tmp_path) == ["x"]


def test_rights_and_links_are_kept(tmp_path):
    kept = tmp_path / "kept"
    kept.write_text("old")
    kept.chmod(0o640)
    (tmp_path / "link").symlink_to(kept)
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert kept.read_text() == "new"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    (tmp_path / "folder").mkdir()
    (tmp_path / "to-folder").symlink_to(tmp_path / "folder")
    write_folder(tmp_path / "to-folder", "new")
    assert (tmp_path / "to-folder").is_symlink()
    assert read_folder(tmp_path / "folder") == "new"


def test_a_device_is_written_and_stays_one(tmp_path):
    (tmp_path / "null").symlink_to(os.devnull)
    write_whole(tmp_path / "null", b"gone")
    assert not os.path.isfile(os.devnull)
    assert names(tmp_path) == ["null"]


def test_a_full_device_is_one_error(tmp_path):
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(CannotWrite, match="No space left on device"):
        write_whole(tmp_path / "full", b"text")


def test_names_that_pass(tmp_path):
    passing = [".x.unfinished", ".x.1.unfinished", ".x.outdated", ".x.lock", ".lock"]
    staying = ["x", ".x", "x.unfinished", "lock", "x.lock"]
    assert [name for name in passing + staying if is_passing(tmp_path / name)] == passing


def test_a_file_that_does_not_fit_leaves_the_one_before(tmp_path):
    write_whole(tmp_path / "x", b"old")

    def write_too_much():
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))  # as small a room as asked for
        for write in (lambda: write_whole(tmp_path / "x", bytes(20_000)),
                      lambda: write_folder(tmp_path / "y", "z" * 20_000)):  # fmt: skip
            with pytest.raises(CannotWrite, match="File too large; make room there"):
                write()

    assert in_child(write_too_much) == FINE
    assert (tmp_path / "x").read_bytes() == b"old"
    assert names(tmp_path) == ["x"]
