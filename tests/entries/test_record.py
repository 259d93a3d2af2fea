import pytest

from atlas.entries.circuit import Circuit, Claim, Step
from atlas.entries.feature import Predicate
from atlas.entries.position import Position
from atlas.errors import SchemaError


def test_a_whole_number_may_stand_for_a_decimal_one():
    step = Step.from_data({"part": "state", "action": "scale", "factor": 2})
    assert step.factor == 2.0
    assert type(step.factor) is float


def test_a_key_that_python_keeps_for_itself_is_renamed():
    predicate = Predicate.from_data({"latent": "number", "in": ["plural"]})
    assert predicate.one_of == predicate.values == ("plural",)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"part": "state"}, "expected the key 'action'"),
        ({"part": "state", "action": "erase"}, "expected one of ablate"),
        ({"part": "state", "action": "ablate", "facto": 1}, "expected known keys"),
        ({"part": 1, "action": "ablate"}, "expected a value of kind str"),
        ({"part": "state", "action": "scale", "factor": True}, "expected a value of kind float"),
        (["state"], "expected a mapping"),
    ],
)
def test_data_of_another_shape_is_refused(data, message):
    with pytest.raises(SchemaError, match=message):
        Step.from_data(data)


def test_a_nested_value_is_named_by_its_path():
    with pytest.raises(SchemaError, match=r"circuit.yaml.curators\[0\].name"):
        Circuit.from_data(_only_curators_broken(), "circuit.yaml")


def _only_curators_broken():
    return {"schema_version": 1, "id": "a", "title": "a", "summary": "a", "domain": "a",
            "behaviour": "a", "languages": [], "model": "a", "dictionary": "a",
            "lifecycle": "draft", "created": "a", "licence": "a",
            "curators": [{"name": 1}]}  # fmt: skip


def test_what_is_left_out_has_its_default():
    claim = Claim.from_data({"id": "a", "statement": "b", "kind": "demonstration",
                             "intervention": "c", "metric": "top1", "of": "target"})  # fmt: skip
    assert (claim.direction, claim.threshold, claim.depends_on) == (None, None, ())


@pytest.mark.parametrize(
    ("data", "text"),
    [("last", "last"), ("any", "any"), ({"entity": "city"}, "last token of city"),
     ({"index": -2}, "token -2")],
)  # fmt: skip
def test_a_position_has_four_forms(data, text):
    assert str(Position.from_data(data)) == text


@pytest.mark.parametrize("data", ["first", {"index": True}, {}, {"entity": "a", "index": 1}, 3])
def test_anything_else_is_no_position(data):
    with pytest.raises(SchemaError, match="position"):
        Position.from_data(data)
