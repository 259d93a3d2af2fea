"""Attention scores as JSON: what is written is read back the same, and nothing else is read."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas.errors import GraphError, GraphFormatError
from atlas.graphs.attention_json import read_score, read_score_values, score_values
from tests.graphs.hand_scores import small_score


def test_what_is_written_is_read_back_the_same(tmp_path):
    for foil in (None, 0):
        values = score_values(small_score(foil))
        path = tmp_path / "score.json"
        path.write_text(json.dumps(values, allow_nan=False), "utf-8")
        again = read_score(path)
        assert score_values(again) == values
        assert again.place == small_score(foil).place
        np.testing.assert_array_equal(again.table.values, small_score(foil).table.values)


def test_the_sums_by_hand():
    score = small_score()
    assert score.closure_gap() == pytest.approx(0)
    assert score.table.values.sum() == pytest.approx(score.score)
    assert score.name(0) == "0-7@1" and score.name(2) == "token ' a'@1"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["format"], "a graph", "format"),
        (["format_version"], 2, "format_version: expected 1"),
        (["place", "query"], 9, "place.query: expected 0 to 2"),
        (["place", "layer"], -1, "place.layer"),
        (["keys", 0, "position"], 2, "keys: expected"),
        (["sources", 0, "kind"], "logit", "sources.kind: expected feature or error"),
        (["sources", 0, "position"], 5, "sources.position: expected below 3"),
        (["sources", 3, "kind"], "feature", "0 or more on features"),
        (["table", "query"], [9], "places below 4"),
        (["table", "values"], [[1.0]], "table.values: expected"),
        (["strongest", 0], [1, 2], "lists of 3"),
        (["score"], "much", "a finite number"),
        (["tokens"], None, "a list"),
    ],
)
def test_anything_else_is_refused_in_one_line(path, value, message):
    values = copy.deepcopy(score_values(small_score()))
    place = values
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(GraphFormatError, match=message) as caught:
        read_score_values(values, "score.json")
    assert "\n" not in str(caught.value)


SMALL = score_values(small_score())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def spoiled(data, value):
    """The value with one thing inside it replaced by anything."""
    if not isinstance(value, dict | list) or not value or data.draw(st.integers(0, 3)) == 0:
        return data.draw(json_values)
    copied = value.copy()
    steps = list(value) if isinstance(value, dict) else list(range(len(value)))
    step = data.draw(st.sampled_from(steps))
    copied[step] = spoiled(data, value[step])
    return copied


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_but_never_crashes(data):
    values = spoiled(data, SMALL)
    try:
        read_score_values(values, "score.json")
    except GraphError as problem:
        assert "\n" not in str(problem)
