import pytest

from atlas.entries.text import HOSTILE, printable, printable_lines, quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcode 日本", "plain ünïcode 日本"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\u202eb", "a\\u202eb"),
        ("c1 \x9b1m", "c1 \\x9b1m"),
        ("line\nbreak\t", "line\\nbreak\\t"),
        ("lone \ud800", "lone \\ud800"),
    ],
)
def test_unsafe_characters_are_escaped(text, shown):
    assert printable(text) == shown


def test_line_breaks_may_be_kept():
    assert printable_lines("a\nb\x07") == "a\nb\\x07"


def test_long_text_is_cut():
    assert printable("x" * 500, 10) == "x" * 9 + "…"
    assert len(quoted("x" * 500)) == 82


def test_joiners_that_languages_need_are_not_hostile():
    assert HOSTILE.search("می\u200cخواهم 👩\u200d💻") is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "nothing"), (True, "true"), ([], "an empty list"), ([1, 2], "a list of 2"),
     ({}, "a mapping"), (0.5, "0.5"), ('say "hi"', '"say \\"hi\\""')],
)  # fmt: skip
def test_values_are_shown_short(value, shown):
    assert quoted(value) == shown
