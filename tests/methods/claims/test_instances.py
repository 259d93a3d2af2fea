"""A part's position becomes token positions of a row."""

import pytest

from atlas.entries.position import Position
from atlas.entries.prompts import PromptRow
from atlas.errors import EntryError, ModelError
from atlas.methods.claims.instances import instances, positions


def instance(tiny_model, text="w5 w12 w1 w12 w2", target="w3", **entities):
    row = PromptRow(id="r", split="test", text=text, target=target, template="t",
                    entities=entities)  # fmt: skip
    return instances(tiny_model(), [row])[0]


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (Position("last"), (5,)),
        (Position("any"), (1, 2, 3, 4, 5)),
        (Position("index", index=2), (2,)),
        (Position("index", index=-1), (5,)),
        (Position("entity", entity="city"), (4,)),
        (Position("entity", entity="pair"), (2,)),
    ],
)
def test_the_first_token_counts_as_position_zero(tiny_model, position, expected):
    found = instance(tiny_model, city="w12", pair="w5 w12")
    assert positions(found, position) == expected


def test_an_entity_is_a_whole_word(tiny_model):
    assert positions(instance(tiny_model, short="w1"), Position("entity", entity="short")) == (3,)


@pytest.mark.parametrize(
    ("position", "message"),
    [
        (Position("entity", entity="state"), "add state to the row's entities"),
        (Position("entity", entity="city"), "an entity that the text contains"),
        (Position("index", index=9), "an index within its 6 tokens"),
    ],
)
def test_a_position_that_the_row_lacks_is_an_error(tiny_model, position, message):
    with pytest.raises(EntryError, match=message):
        positions(instance(tiny_model, city="w30"), position)


def test_an_answer_must_be_one_token(tiny_model):
    with pytest.raises(ModelError):
        instance(tiny_model, target="w3 w4")
