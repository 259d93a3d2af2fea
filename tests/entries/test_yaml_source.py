"""YAML is read as YAML 1.2 says, with places, and hostile files cost little."""

import pickle
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas.entries.document import Place
from atlas.entries.problems import UnreadableFile
from atlas.entries.text import HOSTILE
from atlas.entries.yaml_source import parse_yaml, read_yaml


def parse(text):
    return parse_yaml(text.encode(), "entry.yaml")


def refusal(raw):
    with pytest.raises(UnreadableFile) as caught:
        parse_yaml(raw if isinstance(raw, bytes) else raw.encode(), "entry.yaml")
    return caught.value.problem


TRAPS = [
    ("1e-3", 0.001),
    ("9:6", "9:6"),
    ("010", 10),
    ("0o10", 8),
    ("0x1F", 31),
    ("no", "no"),
    ("on", "on"),
    ("y", "y"),
    ("9.10", 9.1),
    ("2024-01-05", "2024-01-05"),
    ("12_3", "12_3"),
    ("1,000", "1,000"),
    ("true", True),
    ("FALSE", False),
    ("tRue", "tRue"),
    ("~", None),
    ("", None),
    ("null", None),
    ("+5", 5),
    ("-.5", -0.5),
    ("1.", 1.0),
    (".", "."),
    ("1234e56", 1.234e59),
    ("'1234e56'", "1234e56"),
    ("0b11", "0b11"),
    ("=", "="),
    ('"yes"', "yes"),
    ("12e", "12e"),
    ("١٢", "١٢"),
]


@pytest.mark.parametrize(("word", "value"), TRAPS)
def test_a_word_is_read_as_yaml_1_2_says(word, value):
    found = parse(f"key: {word}\n").data["key"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_text_as_written():
    assert list(parse("no: 1\n010: 2\n1984: 3\n<<: 4\n~: 5\n").data) == [
        "no", "010", "1984", "<<", "~"
    ]  # fmt: skip


def test_every_key_and_value_has_its_place():
    document = parse("title: a\nparts:\n  - id: b\n    features: {Texas: [2-1, 2-2]}\n")
    assert document.place(("title",)) == Place(1, 8)
    assert document.key_place(("parts",)) == Place(2, 1)
    assert document.place(("parts", 0)) == Place(3, 5)
    assert document.place(("parts", 0, "features", "Texas", 1)) == Place(4, 29)
    assert document.key_place(("parts", 0, "features", "Texas")) == Place(4, 16)


def test_a_place_that_is_not_there_falls_back_to_the_nearest_above():
    document = parse("parts:\n  - id: b\n")
    assert document.place(("parts", 0, "label")) == Place(2, 5)
    assert document.place(("parts", 7)) == Place(2, 3)
    assert document.key_place(("missing",)) == Place(1, 1)


@pytest.mark.parametrize(
    ("raw", "code", "line", "column"),
    [
        (b"a: 1\na: 2\n", "E005", 2, 1),
        (b"a: {b: 1, b: 2}\n", "E005", 1, 11),
        (b"a: &x [1]\nb: *x\n", "E006", 1, 4),
        (b"a: *nowhere\n", "E006", 1, 4),
        (b"a: !!str 12\n", "E007", 1, 4),
        (b"a: !local {}\n", "E007", 1, 4),
        (b"a: .nan\n", "E010", 1, 4),
        (b"a: 1e999\n", "E010", 1, 4),
        (b"a: " + b"9" * 5000 + b"\n", "E010", 1, 4),
        (b"a:\n\t- 1\n", "E004", 2, 1),
        (b"ok: 1\nname: caf\xe9\n", "E001", 2, 10),
        (b"\xff\xfea\x00", "E002", 1, 1),
        (b"", "E011", 1, 1),
        (b"# only a comment\n", "E011", 1, 1),
        (b"just text\n", "E012", 1, 1),
        (b"a: 'open\n", "E003", 2, 1),
        (b"a: \x1b[31m\n", "E003", 1, 1),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(raw, code, line, column):
    problem = refusal(raw)
    assert (problem.code, problem.line, problem.column) == (code, line, column)


def test_the_billion_laughs_are_refused_at_once():
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    started = time.process_time()
    assert refusal("a0: &a0 lol\n" + "\n".join(levels)).code == "E006"
    assert time.process_time() - started < 1


@pytest.mark.parametrize("bomb", ["[" * 200_000, "- " * 200_000, "{a: " * 100_000, "? " * 200_000])
def test_deep_nesting_is_refused_without_a_crash(bomb):
    assert refusal(bomb).code in ("E009", "E012")


def test_forty_levels_are_enough_and_more_are_refused():
    assert parse("a: " + "[" * 39 + "]" * 39).data
    assert refusal("a: " + "[" * 50 + "]" * 50).code == "E009"


def test_a_large_file_is_refused_unread(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_bytes(b"a: " + b"x" * 1_000_001)
    with pytest.raises(UnreadableFile, match="at most 1,000,000 bytes"):
        read_yaml(path)


def test_a_missing_file_is_one_line():
    with pytest.raises(UnreadableFile, match="expected a readable file"):
        read_yaml(Path("nowhere.yaml"))


def test_the_refusal_crosses_processes():
    with pytest.raises(UnreadableFile) as caught:
        parse("a: 1\na: 2\n")
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  our own bytes
    assert again.problem == caught.value.problem
    assert str(again) == str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw):
    try:
        assert isinstance(parse_yaml(raw, "entry.yaml").data, dict)
    except UnreadableFile as error:
        assert error.problem.line >= 1


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text):
    raw = text.encode("utf-8", "surrogatepass")
    try:
        assert isinstance(parse_yaml(raw, "entry.yaml").data, dict)
    except UnreadableFile as error:
        assert HOSTILE.search(str(error)) is None
