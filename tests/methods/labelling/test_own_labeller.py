"""A user's own function gives labels; what it does wrong is one line."""

from dataclasses import replace

import numpy as np
import pytest

from atlas.dashboards.label_files import best_labels, read_best_labels
from atlas.errors import BadInput
from atlas.methods.labelling.choosing import LabelSettings
from atlas.methods.labelling.label_features import with_labels
from atlas.methods.labelling.own_labeller import Labelled, OwnLabeller
from atlas.methods.labelling.token_classes import TokenClasses
from tests.dashboards.planted_table import planted_table
from tests.methods.labelling import own_functions
from tests.methods.labelling.planted_features import STRINGS, planted_activity, planted_text

HERE = "tests.methods.labelling.own_functions"
TEXT = planted_text()
MASKS = [TEXT.tokens == 5, *(TEXT.tokens == token for token in range(6, 20))]
MASKS[3] = np.zeros_like(MASKS[3])  # silent


def dashboards():
    """A made-up layer whose features are active where the masks say."""
    table, context = planted_table(2, len(MASKS), STRINGS)
    context = replace(context, tokens=TEXT.tokens, lengths=np.full(len(TEXT.tokens), 16))
    classes = TokenClasses.of(TEXT, STRINGS, 0)
    activity = planted_activity(MASKS)
    figures = table.figures.of(activity, context, (10, 5, 4, 2))
    table = replace(table, activity=activity, figures=figures)
    return table, Labelled(TEXT, context, classes, LabelSettings())


def labelled(function):
    table, given = dashboards()
    return with_labels(table, given, OwnLabeller.load(f"{HERE}:{function}")).labels


def test_plain_words_are_shown_and_not_scored():
    own_functions.SEEN.clear()
    found = labelled("plain")
    assert found[0][0].text == "words of mine <b onclick=x>\\u202e"
    assert found[0][0].method == f"{HERE}:plain"
    assert found[0][0].score is found[0][0].control is found[0][0].said is None
    assert found[0][1].method == "trigger tokens"
    assert found[3] == ()  # a silent feature is not asked about
    classes = dashboards()[1].classes
    examples, promoted = own_functions.SEEN[0]
    assert examples and all(classes.chosen[example.sequence] for example in examples)
    assert len(promoted) == 5


def test_a_predicate_is_scored_as_automatic_labels_are():
    own, automatic = labelled("predicate")[0][:2]
    assert automatic.text == "the token “w5”"
    assert own.text == "five"
    assert replace(own, method=automatic.method, text=automatic.text, agreement=None) == replace(
        automatic, agreement=None
    )
    other = labelled("predicate")[1][0]
    assert (other.score, other.control) == (0.0, 1.0)


@pytest.mark.parametrize("kind", own_functions.answers)
def test_a_wrong_answer_is_one_line_that_names_the_feature(kind):
    table, given = dashboards()
    own = OwnLabeller("mine:label", own_functions.answers[kind])
    with pytest.raises(BadInput, match="mine:label, feature 2-0") as refused:
        with_labels(table, given, own)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "name",
    ["no.such.module:label", HERE, f"{HERE}:none", f"{HERE}:SEEN", ":x", "", "a b:c", "..x:y"],
)
def test_a_name_that_leads_nowhere_is_refused(name):
    with pytest.raises(BadInput, match="module:function") as refused:
        OwnLabeller.load(name)
    assert "\n" not in str(refused.value)


def test_best_labels_of_a_layer_read_as_they_were_written(tmp_path):
    found = labelled("plain")
    (tmp_path / "2.labels").write_bytes(best_labels(found).packed())
    read = read_best_labels(tmp_path / "2.labels")
    assert sorted(read) == [number for number, each in enumerate(found) if each]
    for number, label in read.items():
        assert (label.text, label.method) == (found[number][0].text, found[number][0].method)
        assert label.score is None
    automatic = [each[-1:] for each in found]
    (tmp_path / "2.labels").write_bytes(best_labels(automatic).packed())
    for number, label in read_best_labels(tmp_path / "2.labels").items():
        expected = automatic[number][0]
        assert label.score == pytest.approx(expected.score, abs=1e-4)
        assert label.control == pytest.approx(expected.control, abs=1e-4)
        assert (label.said, label.held) == (expected.said, expected.held)
