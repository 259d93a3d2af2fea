"""Partners and third rows are chosen by rule and seed, not by the order of the file."""

import pytest

from atlas.entries.circuit import PartnerRule
from atlas.entries.prompts import PromptRow
from atlas.methods.claims.pairing import draw_number, partners, third_rows

RULE = PartnerRule(differs_in=("state",), same=("template",))


def row(row_id, state, template="plain", split="test"):
    return PromptRow(
        id=row_id, split=split, text=f"{state} {row_id}", target=f"capital of {state}",
        template=template, entities={"state": state} if state else {},
    )  # fmt: skip


ROWS = [row(f"{state}-{n}", state) for state in ("Texas", "Ohio", "Utah") for n in range(4)]


def test_a_partner_differs_where_it_must_and_agrees_where_it_must():
    chosen = partners(RULE, ROWS, seed=0)
    assert None not in chosen
    pairs = [(ROWS[a], ROWS[b]) for a, b in enumerate(chosen)]
    assert all(a.entities["state"] != b.entities["state"] for a, b in pairs)


@pytest.mark.parametrize(
    "other",
    [
        row("same-state", "Texas"),
        row("other-template", "Ohio", template="fancy"),
        row("other-split", "Ohio", split="discovery"),
        row("no-state", ""),
    ],
    ids=lambda other: other.id,
)
def test_a_row_that_breaks_the_rule_lends_nothing(other):
    assert partners(RULE, [row("a", "Texas"), other], seed=0)[0] is None


def test_a_row_with_the_same_answer_lends_nothing():
    other = PromptRow(id="b", split="test", text="x", target="capital of Texas",
                      template="plain", entities={"state": "Ohio"})  # fmt: skip
    assert partners(RULE, [row("a", "Texas"), other], seed=0) == [None, None]


def test_the_order_of_the_rows_does_not_matter():
    def by_id(rows):
        return {rows[a].id: rows[b].id for a, b in enumerate(partners(RULE, rows, seed=3))}

    assert by_id(ROWS) == by_id(list(reversed(ROWS)))


def test_another_seed_pairs_otherwise():
    assert partners(RULE, ROWS, seed=0) != partners(RULE, ROWS, seed=1)


def test_a_third_row_differs_from_the_row_and_from_its_partner():
    chosen = partners(RULE, ROWS, seed=0)
    for number, third in enumerate(third_rows(RULE, ROWS, chosen, draws=3, seed=0)):
        states = {ROWS[other].entities["state"] for other in third}
        assert len(third) == 3
        assert states.isdisjoint({ROWS[i].entities["state"] for i in (number, chosen[number])})


def test_with_two_values_other_rows_of_the_own_value_stand_in():
    two = [each for each in ROWS if each.entities["state"] != "Utah"]
    for number, third in enumerate(third_rows(RULE, two, partners(RULE, two, 0), draws=9, seed=0)):
        assert number not in third
        assert len(third) == 3
        assert {two[i].entities["state"] for i in third} == {two[number].entities["state"]}


def test_a_row_alone_of_its_value_has_no_third_row():
    pair = [row("a", "Texas"), row("b", "Ohio")]
    assert third_rows(RULE, pair, partners(RULE, pair, 0), draws=3, seed=0) == [(), ()]


def test_the_drawn_number_is_the_same_on_every_machine():
    assert draw_number(0, "partner", "a") == 9831635096135053307
