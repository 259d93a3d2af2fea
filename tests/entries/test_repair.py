"""Files are put into their form whole or not at all, and never outside the library."""

import os
from pathlib import Path

import pytest

from atlas.entries.checks import check
from atlas.entries.library import Library
from atlas.entries.repair import repair
from atlas.errors import BadInput, WrongPlace
from tests.entries.sample_library import write_library
from tests.files.dying import dies_at

CIRCUIT = "circuits/from-city-to-capital/circuit.yaml"


@pytest.fixture
def root(tmp_path):
    return write_library(tmp_path / "library")


def disorder(path: Path) -> str:
    """Everything that a repair puts right, and one error in meaning."""
    lines = path.read_text().splitlines()[1:]
    text = "\r\n".join(["# mine", "story: 'a", "", "  b'  ", *reversed(lines[:2]), *lines[2:]])
    text = text.replace('story: "Read the parts from left to right."\r\n', "", 1)
    return text.replace("role: output", "role: nothing")


def test_a_broken_file_is_formed_and_keeps_its_error(root):
    path = root / CIRCUIT
    path.write_bytes(b"\xef\xbb\xbf" + disorder(path).encode())
    path.chmod(0o640)
    assert [one.code for one in check(Library.open(root), [path]).problems] == ["E002"]
    repairs = repair(Library.open(root))
    assert (repairs.written, repairs.refused) == ((path,), ())
    assert [one.code for one in check(Library.open(root)).problems] == ["E204"]
    assert path.stat().st_mode & 0o777 == 0o640
    text = path.read_text()
    assert text.startswith("# yaml-language-server: $schema=../../schema/circuit.schema.json\n")
    assert "# mine\nschema_version: 1\nid: from-city" in text
    assert "\nstory: |-\n  a\n  b\ndomain:" in text
    assert repair(Library.open(root)).written == ()
    assert sorted(each.name for each in path.parent.iterdir()) == ["circuit.yaml", "prompts.jsonl"]


def test_only_the_named_entries_are_written(root):
    for name in (CIRCUIT, "models/small.yaml"):
        (root / name).write_text((root / name).read_text() + "\n\n")
    assert repair(Library.open(root), [root / "models"]).written == (root / "models/small.yaml",)
    with pytest.raises(BadInput, match="no entry there"):
        repair(Library.open(root), [root / "notebooks"])


def test_what_is_no_text_or_too_large_is_left_alone(root):
    (root / CIRCUIT).write_bytes(b"id: \xff\n\n")
    (root / "models/small.yaml").write_bytes(b"id: x\r\n" * 200_000)
    assert repair(Library.open(root)).written == ()


def test_a_link_out_of_the_library_is_refused_and_the_rest_is_formed(root, tmp_path):
    outside = tmp_path / "outside.yaml"
    outside.write_text("id: x\n\n\n")
    (root / "models/linked.yaml").symlink_to(outside)
    (root / "models/public.yaml").write_text((root / "models/public.yaml").read_text() + "\n")
    away = tmp_path / "away"
    (root / "circuits/another-circuit").rename(away)
    (away / "circuit.yaml").write_text((away / "circuit.yaml").read_text() + "\n")
    before = (away / "circuit.yaml").read_bytes()
    (root / "circuits/another-circuit").symlink_to(away)
    repairs = repair(Library.open(root))
    assert repairs.written == (root / "models/public.yaml",)
    assert [type(error) for error in repairs.refused] == [WrongPlace, WrongPlace]
    assert "models/linked.yaml: expected a file inside the library" in str(repairs.refused[1])
    assert outside.read_text() == "id: x\n\n\n"
    assert (away / "circuit.yaml").read_bytes() == before


def test_a_link_within_the_library_stays_a_link(root):
    (root / "models/small.yaml").rename(root / "kept.yaml")
    (root / "kept.yaml").write_text((root / "kept.yaml").read_text() + "\n")
    (root / "models/small.yaml").symlink_to(root / "kept.yaml")
    assert repair(Library.open(root)).written == (root / "models/small.yaml",)
    assert (root / "models/small.yaml").is_symlink()
    assert not (root / "kept.yaml").read_text().endswith("\n\n")


def test_a_run_that_dies_leaves_the_file_as_it_was(root):
    path = root / CIRCUIT
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    steps = 0
    while dies_at(steps, lambda: repair(Library.open(root))):
        assert path.read_bytes() in (before, before + b"\n")
        path.write_bytes(before + b"\n")
        steps += 1
    assert steps >= 3
    assert path.read_bytes() == before


def test_a_write_that_fails_leaves_nothing_behind(root, monkeypatch):
    path = root / CIRCUIT
    before = path.read_bytes()

    def full(*paths):
        raise OSError(28, "No space left on device")

    path.write_bytes(before + b"\n")
    monkeypatch.setattr(os, "replace", full)
    repairs = repair(Library.open(root))
    assert "No space left on device" in str(repairs.refused[0])
    assert path.read_bytes() == before + b"\n"
    assert [each.name for each in path.parent.glob(".*")] == []
    monkeypatch.undo()
    repair(Library.open(root))
    assert path.read_bytes() == before
