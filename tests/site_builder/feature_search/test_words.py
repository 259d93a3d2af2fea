"""The words of the index of features: what counts as the same, in Python and in the browser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_builder.feature_search.words import LONGEST_WORD, root, stem, words_of


@pytest.mark.parametrize(
    ("forms", "other"),
    [
        (("city", "cities"), "cite"),
        (("make", "makes", "making"), "maker"),
        (("run", "running"), "rung"),
        (("agree", "agrees", "agreed", "agreeing"), "agreement"),
        (("class", "classes"), "clasp"),
        (("box", "boxes", "boxing", "boxed"), "boy"),
        (("house", "houses", "housing"), "horse"),
        (("sing", "sings"), "single"),
        (("string", "strings"), "strange"),
    ],
)
def test_the_forms_of_a_word_have_one_stem_and_others_another(forms, other):
    assert len({stem(each) for each in forms}) == 1
    assert stem(other) != stem(forms[0])


def test_case_accents_and_marks_of_spaces_do_not_count():
    assert words_of("\u2581Été  \u0120naïve") == ["ete", "naive"]


def test_a_token_without_letters_is_a_word():
    assert words_of("( == </b>") == ["(", "==", "b"]


def test_a_long_word_is_cut():
    assert words_of("x" * 10_000) == ["x" * LONGEST_WORD]


@given(st.from_regex("[a-z]{1,12}", fullmatch=True))
def test_every_word_begins_with_the_root_of_its_stem(word):
    assert word.startswith(root(stem(word)))


@given(st.text(max_size=60))
def test_words_are_their_own_words(text):
    for word in words_of(text):
        assert word
        assert words_of(word)[0] == word or len(word) == LONGEST_WORD
