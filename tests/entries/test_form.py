# ruff: noqa: E501  a text is one line
"""The one form changes no value, keeps comments, is reached at once, and holds for the library."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atlas.entries.checks import files_at
from atlas.entries.form import formed, with_first_line
from atlas.entries.library import Library
from atlas.entries.problems import UnreadableFile
from atlas.entries.yaml_source import parse_yaml
from tests.entries import sample_library

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = files_at(Library.open(REPOSITORY))
SAMPLES = [
    (file.kind, file.path.read_text(encoding="utf-8"))
    for file in FILES
    if file.kind != "circuit" or "quote" in str(file.path)
] + [("circuit", sample_library.CIRCUIT), ("feature", sample_library.FEATURE)]


def values(text):
    return json.dumps(parse_yaml(text.encode(), "").data, sort_keys=True)


def comments(text):
    return sorted(line.strip() for line in text.splitlines() if line.strip().startswith("#"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.entry_id)
def test_the_library_already_has_the_form(file):
    text = file.path.read_text(encoding="utf-8")
    assert formed(text, file.kind) == text


class TestKeys:
    def form(self, text):
        made = formed(text, "circuit")
        assert values(made) == values(text)
        assert comments(made) == comments(text)
        assert formed(made, "circuit") == made
        return made

    def test_come_in_the_order_of_the_schema(self):
        assert self.form("title: b\nid: a\n") == "id: a\ntitle: b\n"

    def test_take_their_comments_along(self):
        text = "# a file\n\n# of b\ntitle: b  # beside b\n# of a\n# and more\nid: a # beside a\n# last\n"
        assert self.form(text) == (
            "# a file\n\n# of b\n# of a\n# and more\nid: a # beside a\ntitle: b  # beside b\n# last\n"
        )

    def test_leave_examples_behind_what_they_show(self):
        text = "parts: []\n#  - id: x\n#    label: y\n# about the id\nid: a\n"
        assert self.form(text) == "# about the id\nid: a\nparts: []\n#  - id: x\n#    label: y\n"

    def test_of_items_come_in_order_behind_their_dash(self):
        text = "parts:\n  - label: y\n    # why\n    role: z\n    id: x\n  -\n    label: v\n    id: u\n"
        assert self.form(text) == (
            "parts:\n  - id: x\n    label: y\n    # why\n    role: z\n  -\n    id: u\n    label: v\n"
        )

    def test_stay_where_a_comment_would_come_behind_a_dash(self):
        text = "parts:\n  - label: y\n    # why\n    id: x\n"
        assert self.form(text) == text

    def test_of_inner_and_outer_mappings_are_moved_together(self):
        text = "parts:\n  - label: y\n    id: x\n\nid: a\nstory: |\n  # no comment\n\n  text\n\ntitle: b\n"
        assert self.form(text) == (
            "id: a\ntitle: b\nstory: |\n  # no comment\n\n  text\n\nparts:\n  - id: x\n    label: y\n"
        )

    def test_that_nobody_knows_stay_behind_the_one_before(self):
        assert self.form("title: b\nmine: 1\nid: a\n") == "id: a\ntitle: b\nmine: 1\n"

    def test_in_braces_are_left_alone(self):
        text = "prompts: {graph: a, file: b}\n"
        assert self.form(text) == text

    def test_without_a_value_are_moved_too(self):
        assert self.form("title:\nid:\n") == "id:\ntitle:\n"


class TestLines:
    def test_end_in_line_feeds_and_without_spaces(self):
        assert formed("id: a  \r\ntitle: b\t\r\n\r\n\r\n", "circuit") == "id: a\ntitle: b\n"

    def test_within_texts_are_left_alone(self):
        text = 'title: "a  \n  b"\nstory: |\n  a  \n  b\n'
        assert formed(text, "circuit") == text

    def test_a_byte_order_mark_goes(self):
        assert formed("\ufeffid: a\n", "circuit") == "id: a\n"

    def test_the_first_line_is_put_in_or_replaced(self):
        line = "# yaml-language-server: $schema=x"
        assert with_first_line("id: a\n", line) == f"{line}\nid: a\n"
        assert with_first_line("# yaml-language-server: y\nid: a\n", line) == f"{line}\nid: a\n"

    def test_what_is_no_yaml_keeps_all_but_its_line_ends(self):
        assert formed("title: a: b  \r\nid: [\r\n", "circuit") == "title: a: b  \nid: [\n"


class TestTexts:
    @pytest.mark.parametrize(
        ("text", "block"),
        [
            ('"a\\nb"', "|-\n  a\n  b"),
            ('"a\\n\\nb # c\\n"', "|\n  a\n\n  b # c"),
            ("'a\n\n  b'", "|-\n  a\n  b"),
        ],
    )
    def test_of_several_lines_become_blocks(self, text, block):
        assert formed(f"story: {text}\ntitle: x\n", "circuit") == f"title: x\nstory: {block}\n"

    @pytest.mark.parametrize(
        "text",
        [
            '" a\\nb"',
            '"a\\n \\nb"',
            '"a\\n\\n"',
            '"a\\nb\\e"',
            '"a\\tb\\n"',
            '"a\\nb" # why',
            "word",
        ],
    )
    def test_that_a_block_cannot_hold_stay_as_they_are(self, text):
        assert formed(f"story: {text}\n", "circuit") == f"story: {text}\n"


@st.composite
def shuffled(draw):
    """An entry with its keys, lines and characters in disorder."""
    kind, text = draw(st.sampled_from(SAMPLES))
    data = parse_yaml(text.encode(), "").data

    def disorder(value):
        if isinstance(value, dict):
            keys = draw(st.permutations(list(value)))
            return {key: disorder(value[key]) for key in keys}
        return [disorder(each) for each in value] if isinstance(value, list) else value

    style = draw(st.sampled_from([None, '"', "'", "|", ">"]))
    flow = draw(st.sampled_from([None, False]))
    width = draw(st.sampled_from([20, 80, 1000]))
    written = yaml.safe_dump(
        disorder(data), sort_keys=False, default_style=style, default_flow_style=flow, width=width
    ).split("\n")
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(written) - 1))
        extra = ["# why", "  # deeper", "#   example", "", "   ", written[at] + "  # x"]
        written.insert(at, draw(st.sampled_from(extra)))
    return kind, draw(st.sampled_from(["\n", "\r\n"])).join(written)


def holds(kind, text):
    made = formed(text, kind)
    assert formed(made, kind) == made
    try:
        before = values(text)
    except UnreadableFile:
        return
    assert values(made) == before


SLOWLY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@SLOWLY
@given(shuffled())
def test_no_disorder_changes_a_value(case):
    holds(*case)


@SLOWLY
@given(
    st.sampled_from(SAMPLES), st.lists(st.tuples(st.floats(0, 1), st.text(max_size=4)), max_size=5)
)
def test_no_broken_text_changes_a_value(sample, cuts):
    kind, text = sample
    for where, words in cuts:
        at = int(where * len(text))
        text = text[:at] + words + text[at + 2 :]
    if not any("\ud800" <= character <= "\udfff" for character in text):
        holds(kind, text)
