"""Results appear whole or not at all, and read back as they were written."""

import json
from dataclasses import replace

import pytest

from atlas.errors import EntryError
from atlas.runs.provenance import Provenance
from atlas.runs.results import (
    Result,
    read_result,
    result_bytes,
    rounded,
    write_result,
)
from tests.entries.test_measurement import MEASUREMENT

PROVENANCE = Provenance("a", "b", "c", "d", "e", {"torch": "2.13.0"}, run={"seconds": 1.5})
# Numbers of at most six digits, which is what is kept.
SHORT = replace(MEASUREMENT, control=replace(MEASUREMENT.control, draws=(0.1, 0.2, 0.3)))
RESULT = Result("entry", "circuit", (SHORT,), PROVENANCE, graph={"nodes": 3},
                part_edges=({"source": "a", "weight": 0.5},))  # fmt: skip


def test_writing_then_reading_is_the_identity(tmp_path):
    write_result(tmp_path / "entry", RESULT, {"graph.npz": b"bytes"})
    assert read_result(tmp_path / "entry") == RESULT
    assert (tmp_path / "entry" / "graph.npz").read_bytes() == b"bytes"


def test_an_older_result_gives_way_with_all_its_files(tmp_path):
    write_result(tmp_path / "entry", RESULT, {"graph.npz": b"bytes"})
    write_result(tmp_path / "entry", replace(RESULT, graph=None))
    assert sorted(path.name for path in (tmp_path / "entry").iterdir()) == ["result.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["entry"]


def test_a_writer_that_fails_leaves_the_older_result(tmp_path):
    write_result(tmp_path / "entry", RESULT)
    with pytest.raises(TypeError):
        write_result(tmp_path / "entry", RESULT, {"graph.npz": "no bytes"})
    assert read_result(tmp_path / "entry") == RESULT
    assert [path.name for path in tmp_path.iterdir()] == ["entry"]


def test_only_the_stamp_differs_between_identical_runs():
    again = replace(RESULT, provenance=replace(PROVENANCE, run={"seconds": 9.0}))
    first, second = (json.loads(result_bytes(each)) for each in (RESULT, again))
    assert first != second
    del first["provenance"]["run"], second["provenance"]["run"]
    assert first == second
    assert again.provenance.key == RESULT.provenance.key


def test_numbers_keep_six_digits():
    assert rounded({"a": [0.123456789, 1234567.89, 1e-12]}) == {"a": [0.123457, 1234570.0, 1e-12]}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema_version": 2}', "not json", "\udcff", "[" * 100_000]
)
def test_a_damaged_file_is_one_error(tmp_path, text):
    (tmp_path / "result.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(EntryError):
        read_result(tmp_path)


@pytest.mark.parametrize(
    ("place", "odd"),
    [
        (("measurements", 0, "claim"), []), (("measurements", 0, "n"), "many"),
        (("provenance", "run"), True), (("provenance", "versions"), 3), (("graph",), "none"),
        (("part_edges",), [1]), (("attention",), {"a": 1}),
    ],
)  # fmt: skip
def test_a_field_of_the_wrong_type_is_one_error(tmp_path, place, odd):
    value = json.loads(result_bytes(RESULT))
    holder = value
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = odd
    (tmp_path / "result.json").write_text(json.dumps(value))
    with pytest.raises(EntryError, match="run .* again") as caught:
        read_result(tmp_path)
    assert "\n" not in str(caught.value)


def test_no_file_is_no_result(tmp_path):
    assert read_result(tmp_path / "nowhere") is None
