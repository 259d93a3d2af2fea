"""Nothing that is held out occurs in training, in any of the ways that the table names."""

from pathlib import Path
from random import Random

import pytest

from microworld.behaviours import addition, facts, sports, successors, two_hop, unknown
from microworld.behaviours.antonyms import ANTONYMS, TRANSLATIONS
from microworld.behaviours.brackets import BRACKETS, NESTING, QUOTES
from microworld.behaviours.two_hop import HELD_OUT_CAPITALS
from microworld.corpus import pack_sequence, training_batch
from microworld.grammar import ASKING, BEHAVIOURS
from microworld.lexicon.states import STATES
from microworld.tables import held_out_table
from microworld.tokenizer import vocabulary

DRAWS = 300


def units(behaviour: str, split: str) -> set[str]:
    random = Random(f"units {behaviour} {split}")
    return {BEHAVIOURS[behaviour].draw(random, split).unit for _ in range(DRAWS)}


@pytest.mark.parametrize("behaviour", ASKING)
def test_training_and_held_out_units_are_disjoint(behaviour):
    assert not units(behaviour, "train") & units(behaviour, "test")


@pytest.mark.parametrize(
    "table",
    [
        facts.TABLE, two_hop.TABLE, sports.TABLE, successors.TABLE, unknown.TABLE, ANTONYMS,
        TRANSLATIONS,
    ],
)  # fmt: skip
def test_no_sentence_of_a_table_is_on_both_sides(table):
    sides = [
        {(cloze.template, cloze.subject) for group in table.groups[split] for cloze in group}
        for split in ("train", "test")
    ]
    assert sides[0]
    assert sides[1]
    assert not sides[0] & sides[1]


def test_every_state_has_one_city_that_two_hop_training_never_names():
    trained = {cloze.subject for group in two_hop.TABLE.groups["train"] for cloze in group}
    asked = {cloze.subject for group in two_hop.TABLE.groups["test"] for cloze in group}
    assert asked == set(HELD_OUT_CAPITALS)
    assert not asked & trained
    assert [sum(city in asked for city in state.cities) for state in STATES] == [1] * 50


def test_held_out_cities_are_known_from_one_hop_facts():
    told = {cloze.subject for group in facts.TABLE.groups["train"] for cloze in group}
    assert set(HELD_OUT_CAPITALS) <= told


def test_no_training_sequence_holds_a_held_out_city_and_its_capital():
    words = vocabulary()
    met = 0
    for sequence in training_batch(7, 1500).tokens:
        present = {words[token] for token in sequence}
        for city in present & set(HELD_OUT_CAPITALS):
            met += 1
            assert HELD_OUT_CAPITALS[city] not in present
    assert met > 30


def test_held_out_sums_are_never_written_in_training():
    random = Random(3)
    held = units("addition", "test")
    for _ in range(DRAWS):
        text = " ".join(BEHAVIOURS["addition"].draw(random, "train").tokens)
        for sum_ in text.replace(".", ";").split(";"):
            if sum_.strip():
                digits = [part.replace(" ", "") for part in sum_.split("=")[0].split("+")]
                assert f"addition:{digits[0]}+{digits[1]}" not in held


def test_held_out_strangers_are_mentioned_but_never_asked_about():
    random = Random(5)
    asked = {BEHAVIOURS["unknown-name"].draw(random, "train").entities["name"] for _ in range(2000)}
    mentioned = {BEHAVIOURS["mention"].draw(random, "train").entities["name"] for _ in range(4000)}
    held = {name for name in unknown.STRANGERS if unknown.held_out_stranger(name)}
    assert not held & asked
    assert held <= mentioned


def nesting(document):
    """How many brackets, or how many quotes, are open at once at most."""
    deepest = 0
    for pairs in (BRACKETS, QUOTES):
        opened = 0
        for token in document.tokens:
            opened += (token in pairs) - (token in pairs.values())
            deepest = max(deepest, opened)
        assert opened == 0
    return deepest


def test_held_out_sentences_nest_deeper_than_training():
    random = Random(9)
    agreement = BEHAVIOURS["agreement"].draw
    for _ in range(100):
        assert int(agreement(random, "train").entities["depth"]) <= 2
        assert int(agreement(random, "test").entities["depth"]) > 2
    for behaviour in ("bracket-closing", "quote-closing", "nested-groups"):
        drawn = [nesting(BEHAVIOURS[behaviour].draw(random, "train")) for _ in range(300)]
        assert max(drawn) <= NESTING
    assert max(drawn) == NESTING
    for behaviour in ("bracket-closing", "quote-closing"):
        drawn = [nesting(BEHAVIOURS[behaviour].draw(random, "test")) for _ in range(100)]
        assert min(drawn) > NESTING


def test_training_sequences_hold_training_documents_only(monkeypatch):
    seen = []
    for behaviour in BEHAVIOURS.values():
        draw = behaviour.draw
        monkeypatch.setitem(
            behaviour.__dict__,
            "draw",
            lambda random, split, draw=draw: seen.append(split) or draw(random, split),
        )
    pack_sequence(Random(1))
    assert set(seen) == {"train"}


def test_the_committed_table_of_held_out_units_is_current():
    committed = Path(addition.__file__).parents[1] / "heldout.md"
    assert committed.read_text(encoding="utf-8") == held_out_table()
