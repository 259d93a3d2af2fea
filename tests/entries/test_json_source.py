"""Prompts are read line by line, strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas.entries.document import Place
from atlas.entries.json_source import JsonLine, _read_line, read_lines
from atlas.entries.problems import Problem, UnreadableFile


@pytest.fixture
def read(tmp_path):
    def lines(raw):
        path = tmp_path / "prompts.jsonl"
        path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
        return list(read_lines(path, "prompts.jsonl"))

    return lines


def test_an_empty_file_has_no_rows(read):
    assert read("") == []


def test_a_row_knows_its_line_and_the_columns_of_its_keys(read):
    first, second = read('{"id": "a"}\n{"id": "b", "entities": {"id": "c"}}\n')
    assert (first.data, second.line) == ({"id": "a"}, 2)
    assert second.key_place(("id",)) == Place(2, 2)
    assert second.place(("entities", "id")) == Place(2, 26)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"a": 1, "a": 2}', "E005"),
        ('{"a": "x", "a": "y"}', "E005"),
        ('{"a": {"b": "1", "b": "2"}}', "E005"),
        ('{"a": NaN}', "E010"),
        ('{"a": ' + "9" * 5000 + "}", "E010"),
        ('{"a": 1', "E014"),
        ("[1]", "E014"),
        ("", "E014"),
        ("[" * 15_000, "E009"),
        ('{"a": "' + "x" * 20_000 + '"}', "E008"),
    ],
)
def test_a_broken_line_is_a_problem_and_the_rest_is_read(read, line, code):
    before, broken, after = read('{"id": "a"}\n' + line + '\n{"id": "b"}\n')
    assert isinstance(broken, Problem)
    assert (broken.code, broken.line) == (code, 2)
    assert (before.data, after.data) == ({"id": "a"}, {"id": "b"})


def test_a_text_with_quotes_before_colons_is_read(read):
    (row,) = read('{"text": "say \\":\\" or \\"a\\": b", "id": "x"}')
    assert isinstance(row, JsonLine)
    assert row.data["text"] == 'say ":" or "a": b'


def test_bytes_that_are_no_text_stop_the_reading(read):
    with pytest.raises(UnreadableFile, match="UTF-8"):
        read(b'{"id": "\xff"}')


@given(st.text(max_size=60))
def test_any_line_is_a_row_or_a_problem(text):
    try:
        assert isinstance(_read_line(text, 1, "prompts.jsonl").data, dict)
    except UnreadableFile as error:
        assert error.problem.line == 1
