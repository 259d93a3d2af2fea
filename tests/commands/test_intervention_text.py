from __future__ import annotations

import numpy as np
import pytest

from atlas.commands.intervention_text import read_change
from atlas.errors import BadInput
from atlas.methods.intervention.interventions import (
    FeatureIntervention,
    HeadIntervention,
    NeuronIntervention,
    Span,
    StreamIntervention,
)

VECTOR = np.arange(3, dtype=np.float32)


def lend(head, position):
    return np.array([*head, -99.0 if position is None else position], dtype=np.float64)


def written(action, text):
    change = read_change(action, text)
    return change.interventions(change.values[0], 6, lend)


@pytest.mark.parametrize(
    ("action", "text", "expected"),
    [
        ("ablate", "2-117@5", FeatureIntervention(2, 117, 5)),
        ("set", "2-117@last=4.5", FeatureIntervention(2, 117, -1, "set", 4.5)),
        ("scale", "0-1@-2=-1e1", FeatureIntervention(0, 1, -2, "scale", -10.0)),
        ("add", "0-1@all=1", FeatureIntervention(0, 1, Span(0), "add", 1.0)),
        ("ablate", "0-1@3:", FeatureIntervention(0, 1, Span(3))),
        ("ablate", "0-1@3:5", FeatureIntervention(0, 1, Span(3, 5))),
        ("ablate", "neuron:1.40@2", NeuronIntervention(1, 40, 2)),
        ("set", "neuron:1.40@2=-3", NeuronIntervention(1, 40, 2, "set", -3.0)),
    ],
)
def test_what_is_written_is_what_is_done(action, text, expected):
    assert written(action, text) == [expected]


def same(found, expected):
    fields = [vars(each) | {"vector": None} for each in (found, expected)]
    np.testing.assert_array_equal(found.vector, expected.vector)
    return type(found) is type(expected) and fields[0] == fields[1]


@pytest.mark.parametrize(
    ("action", "text", "expected"),
    [
        ("ablate", "head:5.3@last", HeadIntervention(5, 3, -1)),
        ("scale", "head:5.3@all=0.5", HeadIntervention(5, 3, Span(0), "scale", 0.5)),
        ("add", "head:5.3@1=FILE", HeadIntervention(5, 3, 1, "add", vector=VECTOR)),
        ("set", "head:5.3@1=FILE", HeadIntervention(5, 3, 1, "set", vector=VECTOR)),
        ("set", "head:5.3@2=mean", HeadIntervention(5, 3, 2, "set", vector=lend((5, 3), None))),
        ("set", "head:5.3@2=from", HeadIntervention(5, 3, 2, "set", vector=lend((5, 3), 2))),
        ("set", "head:5.3@2=from:last", HeadIntervention(5, 3, 2, "set", vector=lend((5, 3), -1))),
        ("ablate", "direction:all:FILE@all", StreamIntervention(None, Span(0), VECTOR)),
        ("add", "direction:2:FILE@1=8", StreamIntervention(2, 1, VECTOR, "add", 8.0)),
    ],
)
def test_heads_and_directions(action, text, expected, tmp_path):
    file = tmp_path / "odd=name@1.npy"
    np.save(file, VECTOR)
    (found,) = written(action, text.replace("FILE", str(file)))
    assert same(found, expected)


def test_a_span_takes_each_position_from_the_same_one():
    found = written("set", "head:1.2@3:=from")
    assert [each.position for each in found] == [3, 4, 5]
    assert [each.vector[2] for each in found] == [3, 4, 5]


def test_a_range_is_several_values():
    change = read_change("set", "2-117@7=0:10:5")
    assert change.values == (0.0, 2.5, 5.0, 7.5, 10.0)
    assert change.text == "set 2-117@7=0:10:5"


@pytest.mark.parametrize(
    ("action", "text", "message"),
    [
        ("set", "head:5.3@last=2", "a .npy file that exists"),
        ("add", "head:5.3@last=mean", "a .npy file that exists"),
        ("set", "head:5@last=mean", "WHAT: LAYER-FEATURE, head:LAYER.HEAD"),
        ("set", "head:5.3@last=from:1:3", "a .npy file that exists"),
        ("ablate", "direction:x.npy@1", "WHAT: LAYER-FEATURE"),
        ("ablate", "direction:1:absent.npy@1", "a .npy file that exists"),
        ("set", "2-117@7=0:10:1", "2 to 10000 values"),
        ("set", "2-117@7=0:10:99999999", "2 to 10000 values"),
        ("set", "2-117@7=0:ten:3", "WHAT@POSITION=VALUE"),
    ],
)
def test_what_means_nothing_is_refused_with_the_grammar(action, text, message):
    with pytest.raises(BadInput, match=message):
        read_change(action, text)


@pytest.mark.parametrize("content", [np.ones((2, 2)), np.array(["a"]), np.array([1, 2])])
def test_a_file_must_hold_one_vector(content, tmp_path):
    np.save(tmp_path / "vector.npy", content)
    with pytest.raises(BadInput, match="one vector of decimal numbers"):
        read_change("add", f"head:0.1@1={tmp_path / 'vector.npy'}")
    (tmp_path / "vector.npy").write_text("no array")
    with pytest.raises(BadInput, match="write it with numpy.save"):
        read_change("add", f"head:0.1@1={tmp_path / 'vector.npy'}")
