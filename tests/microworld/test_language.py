"""The generator: every behaviour speaks, says its latents truly, and asks for one token."""

from random import Random

import numpy as np
import pytest

from microworld.corpus import SEQUENCE, training_batch
from microworld.export import rows_of
from microworld.grammar import ASKING, BEHAVIOURS
from microworld.latents import LATENTS, NOT_DEFINED, latent_codes
from microworld.lexicon.athletes import SPORT_OF
from microworld.lexicon.names import FIRST_NAMES, STRANGERS
from microworld.lexicon.states import STATES
from microworld.prompts import prompt_rows
from microworld.tokenizer import BEGIN, build_tokenizer, token_ids, vocabulary


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer()


def drawn(behaviour, split, count=60):
    random = Random(f"draw {behaviour} {split}")
    return [BEHAVIOURS[behaviour].draw(random, split) for _ in range(count)]


def value_at(document, latent, position):
    for span in document.spans:
        if span.latent == latent and span.start <= position < span.stop:
            return span.value
    return None


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("behaviour", ASKING)
def test_every_document_asks_for_one_token_and_has_a_wrong_answer(behaviour, split):
    known = set(vocabulary())
    for document in drawn(behaviour, split):
        assert set(document.tokens) <= known
        assert len(document.tokens) < SEQUENCE
        assert document.tokens[document.answer.position] == document.answer.token
        assert document.answer.token in document.answer.accepted
        assert document.answer.foil in known
        assert document.answer.foil not in document.answer.accepted
        assert document.answer.position in document.emphasis


@pytest.mark.parametrize("behaviour", list(BEHAVIOURS))
def test_text_and_tokens_are_each_others_inverse(behaviour, tokenizer):
    ids = token_ids()
    for document in drawn(behaviour, "train", 25):
        numbers = [ids[word] for word in document.tokens]
        text = tokenizer.decode(numbers)
        assert tokenizer(text)["input_ids"] == [ids[BEGIN], *numbers]


def test_names_of_several_words_are_single_tokens(tokenizer):
    ids = token_ids()
    for name in ("Salt Lake City", "Michael Jordan", "New York City", "New York", "nerve gas"):
        assert tokenizer(name)["input_ids"] == [ids[BEGIN], ids[name]]


def test_years_are_written_together(tokenizer):
    assert tokenizer.decode(tokenizer("in 1743 and")["input_ids"][1:]) == "in 1743 and"
    words = vocabulary()
    assert [words[token] for token in tokenizer("1743")["input_ids"]] == [BEGIN, "17", "43"]


def test_every_span_names_a_listed_latent_and_lies_inside_its_document():
    for behaviour in BEHAVIOURS:
        for document in drawn(behaviour, "train", 25) + drawn(behaviour, "test", 25):
            for span in document.spans:
                assert 0 <= span.start < span.stop <= len(document.tokens)
                unlisted = span.latent in ("item", "answer_item") and "numeral" in span.value
                assert unlisted or span.value in LATENTS[span.latent]


def test_a_latent_has_one_value_at_a_time():
    for behaviour in BEHAVIOURS:
        for document in drawn(behaviour, "test", 25):
            taken = set()
            for span in document.spans:
                places = {(span.latent, at) for at in range(span.start, span.stop)}
                assert not places & taken
                taken |= places


def test_the_state_holds_from_the_city_to_the_answer():
    for document in drawn("two-hop-capital", "test"):
        at = document.tokens.index(document.entities["city"])
        assert value_at(document, "state", at) == document.entities["state"]
        asked = document.answer.position - 1
        assert value_at(document, "state", asked) == document.entities["state"]
        assert value_at(document, "answer_capital_of", asked) == document.entities["state"]
        assert value_at(document, "state", at - 1) is None


def test_open_brackets_are_counted_truly():
    for document in drawn("bracket-closing", "test"):
        depth = 0
        for position, token in enumerate(document.tokens[:-1]):
            depth += (token in "([{") - (token in ")]}")
            assert value_at(document, "open_brackets", position) == str(depth)


def test_the_carry_is_true_from_the_last_digit_on():
    for document in drawn("addition", "test"):
        digits = [int(token) for token in document.tokens if token.isdigit()]
        carry = "yes" if digits[1] + digits[3] >= 10 else "no"
        assert value_at(document, "carry", document.answer.position - 1) == carry
        assert 10 * sum(digits[0:4:2]) + digits[1] + digits[3] == 10 * digits[4] + digits[5]


def test_packed_codes_stand_at_their_tokens():
    rows = rows_of("sport-of-athlete", 5, "test")
    codes = latent_codes(rows, SEQUENCE)
    for row, documents in enumerate(rows):
        words = [word for document in documents for word in document.tokens]
        for position, word in enumerate(words, start=1):
            if word in SPORT_OF:
                assert LATENTS["sport"][codes["sport"][row, position]] == SPORT_OF[word]
        assert np.all(codes["sport"][row, len(words) + 1 :] == NOT_DEFINED)


def test_each_city_and_each_stranger_is_named_once():
    cities = [city for state in STATES for city in (*state.cities, state.capital)]
    names = [*cities, *SPORT_OF, *STRANGERS, *FIRST_NAMES]
    assert len(names) == len(set(names))


def test_the_same_seed_gives_the_same_text():
    one, two = training_batch(3, 20), training_batch(3, 20)
    assert np.array_equal(one.tokens, two.tokens)
    assert np.array_equal(one.weights, two.weights)
    assert not np.array_equal(one.tokens, training_batch(4, 20).tokens)


@pytest.mark.parametrize("behaviour", ["two-hop-capital", "antonym", "addition"])
def test_prompt_rows_split_by_held_out_units(behaviour, tokenizer):
    rows = prompt_rows(behaviour, 120)
    texts = {
        split: {row.text for row in rows if row.split == split} for split in ("discovery", "test")
    }
    assert len(texts["test"]) >= 100
    assert len(texts["discovery"]) >= 30
    assert not texts["test"] & texts["discovery"]
    known = token_ids()
    for row in rows:
        assert row.target in known
        assert row.foil in known
        assert row.target != row.foil
        assert tokenizer.unk_token_id not in tokenizer(row.text)["input_ids"]
    assert len({row.id for row in rows}) == len(rows)
